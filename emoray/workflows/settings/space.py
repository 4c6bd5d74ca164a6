"""Settings of `jobs.space`."""

from dataclasses import dataclass
from typing import Annotated

from emoray.data.options import VectorFiles
from emoray.options import Option
from emoray.storage.location import Place


@dataclass(frozen=True, kw_only=True)
class PrintSpace:
    """Which search space is printed, and what its widths follow from."""

    space: Annotated[
        str,
        Option(
            argument="SPACE",
            help="Name of a space of `jobs.sweep`, a file that holds one, or the folder of a run.",
        ),
    ]
    data: Annotated[
        Place | None,
        Option(
            variable="EMORAY_DATA",
            help="Folder, or s3://bucket/prefix, with word vectors in `glove/`: a named space goes "
            "up to their widths.",
        ),
    ] = None
    vector_files: VectorFiles = ()
    encoders: Annotated[
        tuple[str, ...],
        Option(
            names=("--encoder",),
            help="Encoder of a named bert space; repeatable.  [default: all-MiniLM-L6-v2]",
        ),
    ] = ()
