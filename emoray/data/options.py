"""Which corpus a job reads, as all jobs that read one ask for it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, TypeAlias

from emoray.data.importing.settings import CorpusSource
from emoray.options import Group, Option
from emoray.storage.location import Place
from emoray.storage.run_output import StoredOutput

if TYPE_CHECKING:
    from emoray.data.goemotions import CorpusFolder

SCORED = ("dev", "test")  # train was fitted: scored, it would only flatter
WITHOUT = "Without it: the cache, the official download, the embedded sample, in this order."

DataAndVectors: TypeAlias = Annotated[
    Place | None,
    Option(
        variable="EMORAY_DATA",
        help="Folder, or s3://bucket/prefix, that holds `goemotions/` and, if you have them, word "
        f"vectors in `glove/`. {WITHOUT}",
    ),
]
VectorFiles: TypeAlias = Annotated[
    tuple[Place, ...],
    Option(
        names=("--vectors-file",),
        help="Word vectors in place of Stanford's, a path or s3://…: GloVe's text format (.txt, "
        ".gz) or a .npy with its words beside it, as `python -m jobs.vectors` writes both; "
        "repeatable, for other widths.",
    ),
]
Taxonomy: TypeAlias = Annotated[
    str | None,
    Option(
        help="Labels: **goemotions** (28), **ekman** (7), **sentiment** (4), or **own**: those of "
        "--corpus.  [default: ekman; with --corpus all that it has]"
    ),
]
KeepTexts: TypeAlias = Annotated[
    bool | None,
    Option(
        help="Keep the test texts in `texts.parquet`, to read what a row gets wrong.  [default: of "
        "GoEmotions and the sample, whose licences allow it; not of --corpus]"
    ),
]


@dataclass(frozen=True, kw_only=True)
class CorpusOptions:
    """The corpus that is brought, else GoEmotions, else the embedded sample."""

    corpus: Annotated[CorpusSource | None, Group(only=("source",))] = None
    data: Annotated[
        Place | None,
        Option(
            variable="EMORAY_DATA",
            help=f"Folder, or s3://bucket/prefix, that holds `goemotions/`. {WITHOUT}",
        ),
    ] = None
    download: Annotated[
        bool, Option(help="Whether GoEmotions may be downloaded when it is not found.")
    ] = True

    def find(self) -> "CorpusFolder":
        """The corpus, read and checked; ValueError for whatever is wrong with it."""
        from emoray.data.finding import find_corpus

        return find_corpus(self.corpus, self.data, download=self.download)

    def find_texts(self, what: str) -> "CorpusFolder":
        """The same; ValueError for a corpus of features, of which `what` can make nothing."""
        from emoray.data.features import FeatureNames

        source = self.find()
        if FeatureNames.read(source.folder) is not None:
            raise ValueError(
                f"{what} reads texts, got the corpus {source.name} of features: bring a corpus of "
                "texts"
            )
        return source


@dataclass(frozen=True, kw_only=True)
class RunOptions(CorpusOptions, StoredOutput):
    """Of a job that reads a corpus and leaves a run."""
