"""Settings of an imported corpus: where it is, and how it is read."""

import re
from dataclasses import dataclass
from pathlib import Path

from emoray.storage.names import is_part, part_of, shown

HUB = "hf:"  # before the id of a corpus of the Hugging Face hub
_SUFFIX = re.compile(r"(\.(csv|tsv|txt|json|jsonl|ndjson|parquet|gz|bz2|xz|zip))+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bring:
    """A corpus to import: a file, a folder, a glob, s3://bucket/key or hf:owner/name[:config].

    What is not set is found in the files.

    Attributes:
        source: where it is.
        name: what tables call it.
        text_column: that holds the texts.
        label_columns: one that holds all labels of a text, or several of 0 and 1, a label each.
        label_separator: between the labels in a cell.
        label_names: names of ids, or of the places of 0/1 vectors.
        positive_from: shares of yes from there on are labels.
        min_label_texts: labels with fewer texts are dropped.
        seed: of the splits that are made where none are given.
        has_options: whether the job has options for all of this.
    """

    source: str
    name: str | None = None
    text_column: str | None = None
    label_columns: tuple[str, ...] = ()
    label_separator: str | None = None
    label_names: tuple[str, ...] = ()
    positive_from: float | None = None
    min_label_texts: int = 1
    seed: int = 0
    has_options: bool = True  # whether the job has options for all of this

    def __post_init__(self) -> None:
        if not self.source.strip():
            raise ValueError("a corpus is a file, a folder or hf:owner/name, got '': name one")
        if self.name is not None and not (
            re.fullmatch(r"\w[\w.-]*", self.name) and is_part(self.name)
        ):
            raise ValueError(
                f"a corpus' name is letters, digits, '.', '_' and '-', got {shown(self.name)}: "
                "it becomes part of a folder's name"
            )
        if self.label_separator == "":
            raise ValueError("a label separator is at least one character, got '': leave it out")
        if twice := sorted({n for n in self.label_names if self.label_names.count(n) > 1}):
            raise ValueError(
                f"every label has a name of its own, got {twice[0]!r} twice in --label-names: "
                "correct them"
            )
        if self.label_names and (len(self.label_names) < 2 or not all(self.label_names)):
            raise ValueError(
                f"label names are at least two, got {', '.join(self.label_names)!r}: such as "
                "--label-names anger,joy, or a file with a name a line"
            )
        if self.positive_from is not None and not 0 < self.positive_from <= 1:
            raise ValueError(
                f"a share from which on a label is positive lies in (0, 1], got "
                f"{self.positive_from}: such as --positive-from 0.5"
            )
        if self.min_label_texts < 1:
            raise ValueError(
                f"min_label_texts must be at least 1, got {self.min_label_texts}: 1 keeps all"
            )
        if self.seed < 0:
            raise ValueError(f"a seed is at least 0, got {self.seed}")

    @property
    def called(self) -> str:
        """What tables call the corpus: the name given, else that of the file or folder."""
        if self.name is not None:
            return self.name
        if self.source.startswith(HUB):
            last = self.source.removeprefix(HUB).rstrip("/").split("/")[-1]
        else:
            parts = [p for p in self.source.split("/") if p and not re.search(r"[*?\[]", p)]
            if parts and not parts[-1].strip("."):
                parts = list(Path(self.source).resolve().parts)
            last = _SUFFIX.sub("", parts[-1]) if parts else ""
        found = re.sub(r"[^\w.-]+", "-", last).strip("-.")
        # `sample` stands for the embedded one, which tables and reports warn of.
        return part_of({"": "corpus", "sample": "sample-corpus"}.get(found, found))

    @property
    def reads_columns(self) -> bool:
        """Whether it sets how columns are read, which a folder in emoray's own form lacks."""
        return bool(
            self.text_column
            or self.label_columns
            or self.label_separator
            or self.label_names
            or self.positive_from is not None
        )
