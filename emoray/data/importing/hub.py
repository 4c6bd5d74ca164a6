"""Corpora of the Hugging Face hub, through its own library, or saved by that library."""

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

from emoray.data.importing.parquet import class_names, parquet_columns
from emoray.data.importing.settings import HUB
from emoray.data.importing.split_names import ONE, split_named
from emoray.data.importing.table import Table, listed


def _library() -> Any:
    try:
        import datasets
    except ImportError as error:
        raise ValueError(
            "a corpus of the hub is loaded by the library datasets, got none installed: "
            "pip install 'emoray[hub]', or save the corpus as Parquet and give the file"
        ) from error
    return datasets


def _loaded(name: str, config: str | None) -> Any:
    """Load a dataset, or a dictionary of them by split."""
    library = _library()
    library.disable_progress_bars()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # logs every attempt
    try:
        if Path(name).is_dir() and not config:
            folder = Path(name)
            if (folder / "dataset_dict.json").is_file() or (folder / "state.json").is_file():
                return library.load_from_disk(name)
        return library.load_dataset(name, config)
    except (OSError, ValueError, RuntimeError, library.exceptions.DatasetsError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(
            f"a corpus of the hub must be there and reachable, got {reason} for {HUB}{name}"
            f"{f':{config}' if config else ''}: check name, configuration (the part after ':') and "
            "network, or save it as Parquet elsewhere and give the file"
        ) from None


def read_hub(source: str) -> dict[str, Table]:
    """Read tables by split of `hf:owner/name[:config]`; splits with other names are left out."""
    name, _, config = source.removeprefix(HUB).partition(":")
    if not name.strip("/ "):
        raise ValueError(f"a corpus of the hub is hf:owner/name[:config], got {source!r}: name it")
    loaded = _loaded(name, config or None)
    parts = loaded if isinstance(loaded, dict) else {ONE: loaded}
    found: dict[str, Table] = {}
    left: list[str] = []
    for part, dataset in parts.items():
        split = ONE if part == ONE else split_named(part)
        if split is None or split in found:
            left.append(part)
            continue
        arrow = dataset.with_format("arrow")[:]
        table = parquet_columns(arrow, f"{source} ({part})")
        features = (dataset.features.arrow_schema.metadata or {}).get(b"huggingface")
        found[split] = Table(
            where=table.where, columns=table.columns, names=class_names(features) or table.names
        )
    if not found:
        raise ValueError(
            f"a corpus has splits of usual names (train, validation, test), got {listed(parts)} in "
            f"{source}: save the one you mean as Parquet and give the file"
        )
    if left:
        first = next(iter(found))
        found[first] = replace(found[first], notes=(f"splits left out: {listed(left, 6)}",))
    return found if found.keys() != {"train"} else {ONE: found["train"]}
