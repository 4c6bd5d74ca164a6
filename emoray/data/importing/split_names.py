"""The usual names of splits, in files, columns and on the hub."""

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "dev": "dev",
    "valid": "dev",
    "val": "dev",
    "validation": "dev",
    "test": "test",
    "testing": "test",
}
ONE = "all"  # in place of a split's name, where a corpus is not split yet


def split_named(name: str) -> str | None:
    """`train`, `dev` or `test` for any usual name of a split; None for other names."""
    return SPLIT_NAMES.get(name.strip().lower())
