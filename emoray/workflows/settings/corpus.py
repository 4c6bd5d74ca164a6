"""Settings of `jobs.corpus`."""

from dataclasses import dataclass
from typing import Annotated

from emoray.data.importing.settings import CorpusSource
from emoray.data.options import VectorFiles
from emoray.options import Group, Option
from emoray.storage.location import Place

ARGUMENT = Option(
    argument="CORPUS",
    help="A CSV, TSV, text, JSON-lines or Parquet file (.gz, .bz2, .xz too), a folder, .zip or "
    "glob of train, dev and test files, s3://…, or hf:owner/name[:config].",
)


@dataclass(frozen=True, kw_only=True)
class DescribeCorpus:
    """Which corpus is looked at, where it is kept, and the vectors that may know its words."""

    corpus: Annotated[CorpusSource, Group(instead={"source": ARGUMENT})]
    keep: Annotated[
        Place | None,
        Option(
            help="Folder, or s3://bucket/prefix, to keep it in as every --corpus reads it: "
            "train.tsv, dev.tsv, test.tsv and labels.txt. One that holds another corpus is refused."
        ),
    ] = None
    data: Annotated[
        Place | None,
        Option(
            variable="EMORAY_DATA",
            help="Folder, or s3://bucket/prefix, with word vectors in `glove/`: how many of the "
            "corpus' words they know.",
        ),
    ] = None
    vector_files: VectorFiles = ()
