"""Settings of `jobs.augment`."""

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from emoray.data.importing.settings import about_run
from emoray.data.options import RunOptions
from emoray.distributed.cluster import Cluster
from emoray.models.augmentation import BackTranslation
from emoray.options import Group, Option
from emoray.storage.location import Place

USUAL = "goemotions"  # the taxonomy where none is named


@dataclass(frozen=True, kw_only=True)
class Augmenting(RunOptions):
    """What to translate, what of it to keep, and where it is written."""

    USUAL_NAME: ClassVar[str] = "augment-TAXONOMY"

    translator: Annotated[
        str,
        Option(
            help="**apertium:eng-spa** or **eng-cat**: rule-based, from Debian, a hundred texts a "
            "second and more. **marian:MODEL** (**,MODEL BACK**): a folder or an id of the Hugging "
            "Face hub; after a **?**: beams=4, or sampling=0.8&seed=1, device=cuda, bf16=1 (needs "
            "the extra `translate`)."
        ),
    ] = "apertium:eng-spa"
    share: Annotated[
        float, Option(help="Texts to keep, as a share of those translated, up to 1.")
    ] = 0.5
    balance: Annotated[
        float, Option(help="0 takes every text alike, above 0 those with rare labels more.")
    ] = 0.0
    taxonomy: Annotated[
        str | None,
        Option(
            help="Whose labels balance: **goemotions** (28), **ekman**, **sentiment**, or **own**: "
            "those of --corpus.  [default: all that the corpus has]"
        ),
    ] = None
    seed: Annotated[int, Option(help="Of the draw among what passes the filters.")] = 0
    limit: Annotated[
        int | None, Option(help="Only the first so many texts of train.  [default: all]")
    ] = None
    agree: Annotated[
        Place | None,
        Option(
            help="Folder of an artifact: a text is dropped where the mean probability that it "
            "gives to the text's labels falls too far."
        ),
    ] = None
    most_fall: Annotated[
        float | None, Option(help="With --agree: how far it may fall.  [default: 0.25]")
    ] = None
    workers: Annotated[
        int | None,
        Option(least=1, help="Translators at once.  [default: one a CPU, or one a GPU]"),
    ] = None
    cluster: Annotated[Cluster, Group()] = field(default_factory=Cluster)

    @property
    def knob(self) -> BackTranslation:
        """The same choice as a field of a recipe; ValueError for an invalid one."""
        return BackTranslation(share=self.share, balance=self.balance, translator=self.translator)

    @property
    def usual_name(self) -> str:
        """Default name of the run's folder."""
        return f"augment-{about_run(self.taxonomy, self.corpus, usual=USUAL)}"
