"""Settings of `jobs.embed`."""

from dataclasses import dataclass
from typing import Annotated

from emoray.data.importing.settings import CorpusSource
from emoray.data.options import CorpusOptions
from emoray.options import Group, Option
from emoray.storage.location import Place

VECTOR = "vector"


@dataclass(frozen=True, kw_only=True)
class Embed(CorpusOptions):
    """Whose texts become vectors, by which encoder, and where the files land."""

    out: Annotated[
        Place,
        Option(
            help="Folder, or s3://bucket/prefix, of train.parquet, dev.parquet and test.parquet; "
            "with --texts that of texts.parquet."
        ),
    ]
    encoder: Annotated[
        str | None,
        Option(
            help="A folder, s3://bucket/prefix, or a model id of the Hugging Face hub.  [default: "
            "all-MiniLM-L6-v2]"
        ),
    ] = None
    texts: Annotated[
        Place | None,
        Option(
            help="A Parquet file in place of a corpus: it is written again with the column of "
            "vectors, such as for jobs.predict."
        ),
    ] = None
    text_column: Annotated[str, Option(help="Column of the texts in --texts.")] = "text"
    max_tokens: Annotated[
        int | None,
        Option(least=3, help="Of a text that are read.  [default: 128, or the encoder's own]"),
    ] = None
    corpus: Annotated[CorpusSource | None, Group()] = None

    def __post_init__(self) -> None:
        if self.texts is not None and self.corpus is not None:
            raise ValueError(
                f"vectors are made of a corpus or of a file of texts, got {self.corpus.source} and "
                f"{self.texts}: leave one out"
            )

    @property
    def encoder_name(self) -> str:
        """The encoder, the default one if none is named."""
        from emoray.models.encoder.recipe import DEFAULT_ENCODER

        return self.encoder or DEFAULT_ENCODER
