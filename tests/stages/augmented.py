"""The sample's train, translated by the tests' own translator."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from emoray.data.corpus import read_splits
from emoray.data.goemotions import sample
from emoray.labels import taxonomy
from emoray.stages.augmentation import AUGMENTATIONS, Augment, Translate
from emoray.stages.spec import CorpusRef, TranslatorRef
from emoray.storage.store.local import Store
from emoray.tables.ensemble_rows import AugmentationRow
from emoray.tables.files import read_table
from tests.augment.rewording import Rewording

TRAIN = 1000  # texts of the sample


def corpus_in(folder: Path) -> CorpusRef:
    """A folder's corpus as a stage names it."""
    found = read_splits(folder, name="made", taxonomy=taxonomy("sentiment"))
    return CorpusRef(name="made", sha256=found.sha256, folder=folder)


def translation(corpus: CorpusRef | None = None, **faults: Any) -> Translate:
    """The whole of a corpus, the sample's by default."""
    return Translate(
        corpus=corpus or replace(corpus_in(sample().folder), name="sample"),
        translator=TranslatorRef.of(Rewording(**faults)),
    )


def rows(store: Store, augment: Augment) -> list[dict[str, Any]]:
    """What an `Augment` says of every text."""
    found: list[dict[str, Any]] = read_table(
        store.make(augment).folder / AUGMENTATIONS, AugmentationRow
    ).to_pylist()
    return found
