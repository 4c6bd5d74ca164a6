"""Settings of `jobs.predict`."""

from dataclasses import dataclass, field
from typing import Annotated

from emoray.distributed.cluster import Cluster
from emoray.options import Group, Option
from emoray.storage.location import Place, absolute, child, is_inside, place_of
from emoray.storage.run_folder import STORE

TEXT = "text"


@dataclass(frozen=True, kw_only=True)
class Predict:
    """Which texts are scored by which artifact, and what is written of them."""

    artifact: Annotated[
        Place,
        Option(
            help="Folder of the artifact that scores, an ensemble's too, or "
            "**model:NAME@production** of jobs.release. It is only read."
        ),
    ]
    texts: Annotated[
        str,
        Option(
            help="A file, a folder or a quoted pattern such as 's3://bucket/day=*/*.parquet', of "
            "Parquet, CSV, TSV or JSON lines (the last three packed with gzip too)."
        ),
    ]
    out: Annotated[
        Place,
        Option(help="Folder of the outputs, one for each file of texts, or s3://bucket/prefix."),
    ]
    taxonomy: Annotated[
        str | None,
        Option(help="That the artifact decides in, such as ekman.  [default: its own labels]"),
    ] = None
    text_column: Annotated[
        str,
        Option(
            help="Column of the texts; of an artifact of features that of the lists of numbers, "
            "its own one by default."
        ),
    ] = TEXT
    kept: Annotated[
        tuple[str, ...],
        Option(
            names=("--id",),
            help="A column of yours to pass on, such as an id; repeatable.  [default: all of them]",
        ),
    ] = ()
    logits: Annotated[
        bool, Option(names=("--logits",), help="Write a column logit_LABEL for each label too.")
    ] = False
    prefix: Annotated[str, Option(help="Put before the name of every column that is added.")] = ""
    redecide: Annotated[
        Place | None,
        Option(
            help="An earlier OUT: its kept logits are decided on anew, by an artifact of the same "
            "network with other thresholds or another temperature. Nothing is scored."
        ),
    ] = None
    store: Annotated[
        Place | None,
        Option(
            help="Where logits and finished outputs are kept, which a changed command goes on "
            "from.  [default: OUT/_store, with --redecide that of the earlier OUT]"
        ),
    ] = None
    workers: Annotated[
        int | None,
        Option(least=1, help="Processes that score, one CPU each.  [default: one a CPU]"),
    ] = None
    cluster: Annotated[Cluster, Group()] = field(default_factory=Cluster)

    def __post_init__(self) -> None:
        if not self.text_column:
            raise ValueError(
                "a column of texts has a name, got '': name it with --text-column, or leave that "
                f"out for {TEXT!r}"
            )
        if len(set(self.kept)) < len(self.kept):
            raise ValueError(
                f"a column is passed on once, got {', '.join(self.kept)}: name each --id once"
            )
        if self.redecide is not None and str(self.redecide) == str(self.out):
            raise ValueError(
                f"what is decided anew has an output of its own, got {self.out} for both: name "
                "another --out, the earlier one stays as it is"
            )
        start = place_of(self.texts)  # refused here where it is neither a path nor a bucket's
        if is_inside(absolute(start), absolute(self.out)):
            raise ValueError(
                f"texts do not lie among outputs, got {self.texts} in {self.out}: name another "
                "--out"
            )

    def store_beside(self, out: Place) -> Place:
        """Where logits are kept for an output, if nobody names another place."""
        return absolute(self.store or child(out, STORE))
