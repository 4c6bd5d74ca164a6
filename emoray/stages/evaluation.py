"""A finished model before a corpus: what jobs on artifacts and on checkpoints have in common."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from emoray.data.corpus import Corpus, read_splits
from emoray.data.goemotions import CorpusFolder
from emoray.data.options import RunOptions
from emoray.labels import Taxonomy
from emoray.stages.spec import CorpusRef
from emoray.storage.location import Place, is_inside
from emoray.storage.store.local import Store
from emoray.storage.store.opening import open_store

S = TypeVar("S")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evaluation(Generic[S]):
    """A finished model before a corpus, with the store that keeps what it says of it.

    Attributes:
        subject: the model.
        source: the folder of the corpus.
        corpus: its texts, with the labels of one taxonomy.
        store: of the stages that are made here.
    """

    subject: S
    source: CorpusFolder
    corpus: Corpus
    store: Store

    @property
    def taxonomy(self) -> Taxonomy:
        """The corpus' taxonomy that is read."""
        return self.corpus.taxonomy

    @property
    def corpus_ref(self) -> CorpusRef:
        """The corpus as stages read it."""
        return CorpusRef.of(self.corpus, self.source.folder)

    @property
    def corpus_inputs(self) -> dict[str, str]:
        """What tells a run on this corpus from others, as its folder keeps it."""
        return {"corpus": self.corpus.name, "corpus_sha256": self.corpus.sha256}


E = TypeVar("E", bound=Evaluation)


def open_evaluation(
    kind: type[E],
    options: RunOptions,
    place: Place,
    find: Callable[[CorpusFolder], tuple[object, Taxonomy]],
    *,
    what: str,
    require: Callable[[CorpusFolder, Corpus], None] | None = None,
) -> E:
    """Check everything that can be checked before the first file is written.

    Args:
        kind: the class of the evaluation.
        options: which corpus, and where results land.
        place: where the model lies; nothing is written there.
        find: the model, and the taxonomy of the corpus that is read for it.
        what: the place is, as a refusal says it.
        require: what else must hold of the corpus.

    Returns:
        The evaluation, its corpus read and its store open.

    Raises:
        ValueError: for whatever cannot be evaluated, and what to do.
    """
    source = options.find()
    subject, taxonomy = find(source)
    corpus = read_splits(source.folder, name=source.name, taxonomy=taxonomy)
    if require is not None:
        require(source, corpus)
    for out in (options.out, options.store_place):
        if is_inside(out, place):
            raise ValueError(
                f"nothing is written into {what}, got {out} inside {place}: name another --out"
            )
    options.ready()
    store = open_store(options.store_place)
    return kind(subject=subject, source=source, corpus=corpus, store=store)
