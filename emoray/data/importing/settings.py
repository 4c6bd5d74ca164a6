"""Settings of an imported corpus: where it is, and how it is read."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from emoray.options import Option
from emoray.storage.names import is_part, part_of, shown

SOURCE = (
    "A corpus of your own in place of GoEmotions: a CSV, TSV, JSON-lines or Parquet file, a folder "
    "or glob of train, dev and test files, s3://…, hf:owner/name[:config], or `sample` for the "
    "embedded one. `python -m jobs.corpus` shows how it is understood, and keeps it as a folder "
    "where its columns need to be named."
)
USUAL = "ekman"  # the taxonomy where none is named
HUB = "hf:"  # before the id of a corpus of the Hugging Face hub
_SUFFIX = re.compile(r"(\.(csv|tsv|txt|json|jsonl|ndjson|parquet|gz|bz2|xz|zip))+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusSource:
    """A corpus to import: a file, a folder, a glob, s3://bucket/key or hf:owner/name[:config].

    What is not set is found in the files.

    Attributes:
        source: where it is.
        name: what tables call it.
        text_column: that holds the texts.
        feature_columns: that hold numbers in place of texts: one of lists, or one for each feature.
        label_columns: one that holds all labels of a text, or several of 0 and 1, a label each.
        auxiliary_columns: of labels that trainings may learn beside these.
        label_separator: between the labels in a cell.
        label_names: names of ids, or of the places of 0/1 vectors.
        positive_from: shares of yes from there on are labels.
        min_label_texts: labels with fewer texts are dropped.
        seed: of the splits that are made where none are given.
        has_options: whether the job has options for all of this.
    """

    source: Annotated[str, Option(names=("--corpus",), help=SOURCE)]
    text_column: Annotated[
        str | None,
        Option(
            help="Column of the texts; 'column 1', … in a file without a header.  [default: by its "
            "usual names]"
        ),
    ] = None
    feature_columns: Annotated[
        tuple[str, ...],
        Option(
            names=("--feature-column",),
            help="Features in place of texts, for --space features: a column of lists of numbers; "
            "repeated, or a pattern such as 'mfcc_*': a column of numbers for each feature.",
        ),
    ] = ()
    label_columns: Annotated[
        tuple[str, ...],
        Option(
            names=("--label-column",),
            help="Column of the labels (names, lists, ids, vectors of 0 and 1); repeated: a column "
            "of 0 and 1 for each label.  [default: by their usual names, else every column of 0 "
            "and 1]",
        ),
    ] = ()
    auxiliary_columns: Annotated[
        tuple[str, ...],
        Option(
            names=("--auxiliary-column",),
            help="Column of further labels of train's texts, such as tone, which a training learns "
            "beside the others with --head tone; repeatable.",
        ),
    ] = ()
    label_separator: Annotated[
        str | None,
        Option(help="Sign between the labels of one cell.  [default: as seen in the cells]"),
    ] = None
    label_names: Annotated[
        tuple[str, ...],
        Option(
            help="What label ids 0, 1, … or the places of 0/1 vectors stand for: anger,joy,fear, "
            "or a file of a name a line; repeated: a name each.  [default: as the file says, or "
            "labels.txt beside it]"
        ),
    ] = ()
    positive_from: Annotated[
        float | None,
        Option(
            help="Shares of yes, such as 0.75, from this one on are labels; one column of them has "
            "the labels NAME and no NAME."
        ),
    ] = None
    name: Annotated[
        str | None,
        Option(
            names=("--corpus-name",),
            help="What tables call the corpus.  [default: its file's name]",
        ),
    ] = None
    min_label_texts: Annotated[
        int, Option(least=1, help="Drop labels with fewer texts; their texts stay.")
    ] = 1
    seed: Annotated[
        int,
        Option(
            names=("--split-seed",), help="Of the splits that are made where the corpus has none."
        ),
    ] = 0
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

    @classmethod
    def from_options(cls, source: str | None, **others: Any) -> "CorpusSource | None":
        """Build the corpus settings from the options of a job.

        Args:
            source: of `--corpus`.
            others: by field; without `label_names` of a job that has no options for all columns.

        Returns:
            The settings, or None without a source.

        Raises:
            ValueError: if options of a corpus are given without a source.
        """
        said = {n: v for n, v in others.items() if n != "seed" and v not in (None, (), 1)}
        if source is None:
            if said:
                raise ValueError(
                    "--text-column, --label-column and their kin say how --corpus is read, got "
                    "them without: add --corpus"
                )
            return None
        from emoray.data.importing.label_names import parse_label_names

        names = parse_label_names(others.get("label_names", ()))
        asked = {**others, "label_names": names, "has_options": "label_names" in others}
        return cls(source=source, **asked)

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
            or self.feature_columns
            or self.label_columns
            or self.auxiliary_columns
            or self.label_separator
            or self.label_names
            or self.positive_from is not None
        )


def about_run(taxonomy: str | None, options: CorpusSource | None, usual: str = USUAL) -> str:
    """The name of a run's folder: the imported corpus', else the taxonomy's."""
    if options is None:
        return taxonomy or usual
    return f"{options.called}-{taxonomy}" if taxonomy else options.called
