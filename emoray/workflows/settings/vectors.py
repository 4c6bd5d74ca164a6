"""Settings of `jobs.vectors`."""

from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from emoray.data.importing.settings import CorpusSource, about_run
from emoray.data.options import CorpusOptions, DataAndVectors
from emoray.options import Group, Option
from emoray.storage.location import Place
from emoray.storage.run_output import RunOutput
from emoray.text.vectors.settings import GloveObjective, Method, OwnVectors, Ppmi

METHODS: dict[str, Method] = {"ppmi": Ppmi(), "glove": GloveObjective()}


@dataclass(frozen=True, kw_only=True)
class Training(CorpusOptions, RunOutput):
    """What to train on, how, how wide, and where the files land.

    text: a text file, one text a line, None for the train texts of the corpus, cut as models read
    them: a sweep's own vectors are the same. near: words whose neighbours are shown.
    """

    USUAL_NAME: ClassVar[str] = "vectors-CORPUS or vectors-TEXT"

    text: Annotated[
        Place | None,
        Option(
            argument="TEXT",
            help="A text file, one text a line, .gz too, or s3://…  [default: the train texts of "
            "--corpus, else of GoEmotions]",
        ),
    ] = None
    dim: Annotated[int, Option(least=1, help="Dimensions.")] = 100
    method: Annotated[
        str,
        Option(
            help="**ppmi**: mutual information and its first singular directions. **glove**: "
            "GloVe's own objective; slower."
        ),
    ] = "ppmi"
    counting: Annotated[OwnVectors, Group()] = field(default_factory=OwnVectors)
    near: Annotated[tuple[str, ...], Option(help="Show this word's neighbours; repeatable.")] = ()
    corpus: Annotated[
        CorpusSource | None, Group(only=("source", "text_column", "label_columns"))
    ] = None
    data: DataAndVectors = None

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(
                f"method is one of {', '.join(METHODS)}, got {self.method!r}: name one of these"
            )
        if self.text is not None and self.corpus is not None:
            raise ValueError(
                f"word vectors are trained on a text file or on a corpus, got {self.text} and "
                f"{self.corpus.source}: leave one out"
            )
        super().__post_init__()
        if self.out.name.endswith((".txt", ".npy")):
            raise ValueError(
                f"--out is the folder of all runs, got {self.out}: the files are called "
                f"{self.file}, …; name their folder in OUT with --name"
            )

    @property
    def own(self) -> OwnVectors:
        """How the vectors are trained, the method among it."""
        return replace(self.counting, method=METHODS[self.method])

    @property
    def usual_name(self) -> str:
        """Default name of the run's folder."""
        if self.text is None:
            return f"vectors-{about_run(None, self.corpus, usual='goemotions')}"
        return f"vectors-{self.text.name.partition('.')[0]}"

    @property
    def file(self) -> str:
        """What the file in GloVe's text format is called."""
        return f"{self.own}.{self.dim}d.txt"
