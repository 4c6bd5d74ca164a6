"""Divide records into train, dev and test: as given, else made."""

from collections.abc import Sequence

from emoray.data.corpus import SPLITS
from emoray.data.importing.records import TextRecord, matrix
from emoray.data.importing.split_names import ONE, split_named
from emoray.data.importing.splitting import SHARES, stratified
from emoray.data.importing.table import Table, is_nothing, listed

TAKEN = "taken from train"  # in the note on a split that the files do not have
LEAST = 5  # texts of a split: as many as there are folds of dev


def by_column(table: Table, column: str) -> tuple[list[str] | None, str]:
    """The split of each row, with a note; None where the column names no splits."""
    cells = [None if is_nothing(cell) else str(cell) for cell in table.column(column)]
    values = sorted({cell for cell in cells if cell is not None})
    known = {value: split for value in values if (split := split_named(value))}
    if not known:
        return None, f"column {column!r} names no splits ({listed(values, 3)}): not used for them"
    unknown = [value for value in values if value not in known]
    if unknown or None in cells:
        raise ValueError(
            f"a column of splits says train, dev or test in every row, got "
            f"{listed(unknown) if unknown else 'empty cells'} in {column!r} of {table.where}: "
            "correct them, or rename the column"
        )
    return [known[cell] for cell in cells if cell is not None], f"splits: column {column!r}"


def _parted(
    records: Sequence[TextRecord], names: Sequence[str], parts: dict[str, float], seed: int
) -> dict[str, list[TextRecord]]:
    part_N = stratified(
        matrix(records, names),
        [record.same for record in records],
        shares=list(parts.values()),
        seed=seed,
    )
    return {
        name: [record for record, part in zip(records, part_N, strict=True) if part == s]
        for s, name in enumerate(parts)
    }


def completed(
    given: dict[str, list[TextRecord]], names: Sequence[str], seed: int
) -> tuple[dict[str, list[TextRecord]], str]:
    """All three splits, and a note on their origin; refuse a corpus without texts to fit on."""
    whole = given.get(ONE) or (given["train"] if given.keys() == {"train"} else None)
    shares = dict(zip(SPLITS, SHARES, strict=True))
    how = f"stratified by all labels, equal texts together, seed {seed}"
    if whole is not None:
        sizes = " / ".join(f"{share:.0%}" for share in SHARES)
        return _parted(whole, names, shares, seed), f"splits made: {sizes}, {how}"
    missing = [split for split in SPLITS if split not in given]
    if not missing:
        return {split: given[split] for split in SPLITS}, "splits as given"
    if missing != ["dev"] and missing != ["test"]:
        raise ValueError(
            f"splits are train, dev and test, or train and one of the others, got "
            f"{', '.join(given)}: give texts to fit on"
        )
    (lone,) = missing
    part = shares[lone] / (shares[lone] + shares["train"])
    made = _parted(given["train"], names, {"train": 1 - part, lone: part}, seed)
    found = {**given, **made}
    return (
        {split: found[split] for split in SPLITS},
        f"splits as given; {lone} {TAKEN} ({part:.0%}), {how}",
    )


def check_splits(splits: dict[str, list[TextRecord]], names: Sequence[str]) -> None:
    """Refuse a split that is too small, or that has no text of a label."""
    for split, records in splits.items():
        if len(records) < LEAST:
            raise ValueError(
                f"every split needs at least {LEAST} texts, got {len(records)} in {split}: "
                "bring more texts"
            )
    count_SK = [matrix(records, names).sum(axis=0) for records in splits.values()]
    whole_K = sum(count_SK)
    lost = [k for k in range(len(names)) if any(count_K[k] == 0 for count_K in count_SK)]
    if lost:
        least = max(3, 1 + max(int(whole_K[k]) for k in lost))
        shown = ", ".join(
            f"{names[k][:60]} (none in "
            f"{' and '.join(s for s, c in zip(splits, count_SK, strict=True) if c[k] == 0)}, "
            f"{whole_K[k]} in all)"
            for k in lost[:5]
        )
        more = f" and {len(lost) - 5} more" if len(lost) > 5 else ""
        drop = f"--min-label-texts {least} drops labels with fewer texts, or "
        raise ValueError(
            f"every label needs a text in train, dev and test, got {shown}{more}: "
            f"{drop * bool((whole_K >= least).sum() > 1)}bring more of them"
        )
