"""Tables with a row for each text and label: a text's rows become one, or are warned of."""

from emoray.data.importing.records import TextRecord
from emoray.data.importing.table import counted

LEAST_SHARE = 0.05  # of texts with several labels: fewer are chance, or annotators at odds


def _by_text(records: list[TextRecord]) -> dict[str, list[TextRecord]]:
    found: dict[str, list[TextRecord]] = {}
    for record in records:
        found.setdefault(record.text, []).append(record)
    return found


def joined_labels(
    given: dict[str, list[TextRecord]], single: bool
) -> tuple[dict[str, list[TextRecord]], list[str]]:
    """Records by split, and a word on texts that stand there with different labels.

    single: every row has one label at most. No row says what another said already in such a table,
    and texts of several labels are many; all else is left as it is.
    """
    by_split = {split: _by_text(records) for split, records in given.items()}
    groups = [group for texts in by_split.values() for group in texts.values()]
    several = [group for group in groups if len({r.labels for r in group}) > 1]
    if not several:
        return given, []
    again = any(len({r.labels for r in group}) < len(group) for group in groups)
    if not single or again or len(several) < LEAST_SHARE * len(groups):
        return given, [
            f"warning: {counted(len(several), 'text', 'stand')} there more than once, with "
            "different labels"
        ]
    made = {
        split: [
            TextRecord(
                row=group[0].row,
                text=group[0].text,
                labels=tuple(label for record in group for label in record.labels),
            )
            for group in texts.values()
        ]
        for split, texts in by_split.items()
    }
    rows = sum(map(len, given.values()))
    return made, [
        f"a row for each text and label: {counted(rows, 'row')} joined to "
        f"{counted(len(groups), 'text')}, {len(several):,} of them with several labels"
    ]
