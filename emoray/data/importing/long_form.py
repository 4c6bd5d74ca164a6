"""Tables with a row for each text and label: join a text's rows, or warn of them."""

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
    """Join the rows of a text in a table with a row for each text and label.

    In such a table no row repeats a label of its text, and many texts have several; any other table
    is left as it is.

    Args:
        given: records by split.
        single: whether every row has one label at most.

    Returns:
        Records by split, and notes on texts that occur with different labels.
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
