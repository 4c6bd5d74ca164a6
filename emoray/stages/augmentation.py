"""Augmentation of train: texts translated there and back, and which of them are kept.

Shapes: N texts of train, K labels.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.augment.backtranslation import MARK_LOST, back_translate
from emoray.augment.filters import (
    KEPT,
    Agreement,
    Filters,
    TextDistance,
    normal_form,
    text_distance,
    verdict,
)
from emoray.augment.translator import Handle, Translator
from emoray.data.corpus import Corpus, Split
from emoray.models.augmentation import NoAugmentation
from emoray.models.recipe import Recipe
from emoray.stages.spec import CorpusRef, Data, TranslatorRef
from emoray.storage.store.keys import id_of
from emoray.tables.ensemble_rows import AugmentationRow, TranslationRow
from emoray.tables.files import read_table, write_table

TRANSLATIONS, AUGMENTATIONS = "translations.parquet", "augmentations.parquet"
SUFFIX = "-bt"  # of an augmented text's id
NOWHERE = Path("/nowhere")


@lru_cache(maxsize=1)
def _loaded(translator: Translator) -> tuple[Handle, Handle]:
    """Both directions, loaded once a process."""
    return translator.open(), translator.back.open()


@lru_cache(maxsize=1)
def _train_texts(corpus: CorpusRef) -> tuple[str, ...]:
    """Read once a process, for all the stretches that it translates."""
    return tuple(text for _, text, _ in corpus.read_train())


@dataclass(frozen=True, slots=True, kw_only=True)
class Translate:
    """A slice of train translated there and back.

    Attributes:
        corpus: whose train is translated.
        translator: with all that it translates with.
        start: first text.
        stop: the text after the last; None for the end of train.
        given: a folder that holds the result already, put together from those of shorter slices.
            No part of the key: a whole is the same however it was cut.
    """

    name: ClassVar[str] = "translate"
    version: ClassVar[int] = 1

    corpus: CorpusRef
    translator: TranslatorRef
    start: int = 0
    stop: int | None = None
    given: Path = NOWHERE

    @property
    def gpus(self) -> float:
        """GPUs that the translator takes, or a share of one."""
        return self.translator.translator.gpus

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `translations.parquet`."""
        if self.given != NOWHERE:
            shutil.copyfile(self.given / TRANSLATIONS, out / TRANSLATIONS)
            return
        texts = _train_texts(self.corpus)[self.start : self.stop]
        done = back_translate(texts, *_loaded(self.translator.checked()))
        rows = [
            TranslationRow(
                index=index,
                source=each.source,
                pivot=each.pivot,
                result=each.result,
                error=each.error,
            )
            for index, each in enumerate(done, start=self.start)
        ]
        write_table(rows, out / TRANSLATIONS, TranslationRow)


def read_translations(folder: Path) -> list[TranslationRow]:
    """The rows of a finished `Translate`."""
    rows = read_table(folder / TRANSLATIONS, TranslationRow).to_pylist()
    return [TranslationRow(**row) for row in rows]


def drawing_order(labels_NK: np.ndarray, balance: float, seed: int) -> np.ndarray:
    """Order texts at random, those with rare labels earlier the higher `balance` is.

    A text weighs as much as its rarest label: the label's share of texts ** -balance. Drawn one by
    one without replacement by these weights (Efraimidis & Spirakis 2006).

    Args:
        labels_NK: 0 or 1.
        balance: 0 for all texts alike.
        seed: of the random numbers.

    Returns:
        Indices of the texts (N).
    """
    share_K = np.maximum(labels_NK.mean(axis=0), 1 / max(len(labels_NK), 1))
    weight_N = np.where(labels_NK > 0, share_K**-balance, 1.0).max(axis=1)
    drawn_N = np.random.default_rng(seed).exponential(size=len(labels_NK))
    return np.argsort(drawn_N / weight_N, kind="stable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Augment:
    """Which translations training gets: those that pass the filters, drawn until there are enough.

    Attributes:
        translated: all of train.
        taxonomy: whose labels are balanced.
        filters: that a translation must pass.
        share: of the texts translated, how many are kept.
        balance: as in `drawing_order`.
        seed: of the draw.
    """

    name: ClassVar[str] = "augment"
    version: ClassVar[int] = 1

    translated: Translate
    taxonomy: str
    filters: Filters = field(default_factory=Filters)
    share: float = 0.5
    balance: float = 0.0
    seed: int = 0

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `augmentations.parquet`, one row per translation with its verdict."""
        corpus = self.translated.corpus.read(self.taxonomy)
        found = read_translations(inputs["translated"])
        alike = [text_distance(row.source, row.result) for row in found]
        leaked = {normal_form(t) for split in (corpus.dev, corpus.test) for t in split.texts}
        falls = self._falls(found)
        verdicts = [
            _verdict(row, like, leaked, self.filters, fall)
            for row, like, fall in zip(found, alike, falls, strict=True)
        ]
        self._draw(verdicts, alike, corpus, found)
        rows = [
            AugmentationRow(
                augmentation=id_of(self),
                source_id=corpus.train.ids[row.index],
                source_index=row.index,
                source_split="train",
                corpus=corpus.name,
                taxonomy=self.taxonomy,
                translator=str(self.translated.translator.translator),
                source=row.source,
                pivot=row.pivot,
                result=row.result,
                labels=",".join(_labels(corpus, row.index)),
                verdict=kept,
                reason=row.error if kept == "set_aside" else "",
                edit_distance=like.edit_distance,
                length_ratio=like.length_ratio,
                label_probability_fall=fall,
            )
            for row, like, kept, fall in zip(found, alike, verdicts, falls, strict=True)
        ]
        write_table(rows, out / AUGMENTATIONS, AugmentationRow)

    def _falls(self, found: Sequence[TranslationRow]) -> list[float] | list[None]:
        if not isinstance(self.filters.labels, Agreement):
            return [None] * len(found)
        from emoray.stages.label_agreement import falls

        return falls(self.filters.labels, self.translated.corpus, found)

    def _draw(
        self,
        verdicts: list[str],
        alike: Sequence[TextDistance],
        corpus: Corpus,
        found: Sequence[TranslationRow],
    ) -> None:
        """Keep as many as asked for, each wording once; the others are `duplicate` or `not_drawn`.

        A result that train has already, with any labels, adds nothing.
        """
        taken = {normal_form(text) for text in corpus.train.texts}
        labels_NK = corpus.train.labels_NK[[row.index for row in found]]
        wanted = round(self.share * len(found))
        for i in drawing_order(labels_NK, self.balance, self.seed):
            if verdicts[i] != KEPT:
                continue
            if alike[i].same in taken:
                verdicts[i] = "duplicate"
            elif not wanted:
                verdicts[i] = "not_drawn"
            else:
                taken.add(alike[i].same)
                wanted -= 1


def _verdict(
    row: TranslationRow, like: TextDistance, leaked: set[str], filters: Filters, fall: float | None
) -> str:
    if row.error:
        return MARK_LOST if row.error == MARK_LOST else "set_aside"
    if like.same in leaked or normal_form(row.source) in leaked:
        return "leaks"
    return verdict(like, filters, fall)


def _labels(corpus: Corpus, index: int) -> list[str]:
    present_K = corpus.train.labels_NK[index]
    return [name for name, has in zip(corpus.taxonomy.labels, present_K, strict=True) if has]


def read_augmented(corpus: CorpusRef, taxonomy: str, inputs: dict[str, Path]) -> Corpus:
    """The corpus as a stage reads it, with what its input `augment`, if it has one, kept."""
    found = corpus.read(taxonomy)
    return augmented(found, inputs["augment"]) if "augment" in inputs else found


def augmented(corpus: Corpus, folder: Path) -> Corpus:
    """The corpus with what a finished `Augment` kept at the end of train, all else untouched."""
    rows = read_table(folder / AUGMENTATIONS, AugmentationRow).to_pylist()
    kept = [row for row in rows if row["verdict"] == KEPT]
    train = corpus.train
    labels_NK = train.labels_NK[[row["source_index"] for row in kept]]
    more = Split(
        ids=(*train.ids, *(f"{row['source_id']}{SUFFIX}" for row in kept)),
        texts=(*train.texts, *(row["result"] for row in kept)),
        labels_NK=np.concatenate([train.labels_NK, labels_NK]),
    )
    return replace(corpus, train=more)


def augmenting(recipe: Recipe, data: Data) -> Augment | None:
    """What its augmentation adds to train; the same for every seed, so that seeds compare."""
    knob = recipe.augmentation
    if isinstance(knob, NoAugmentation):
        return None
    return Augment(
        translated=Translate(corpus=data.corpus, translator=data.translator(knob.translator)),
        taxonomy=recipe.taxonomy,
        share=knob.share,
        balance=knob.balance,
    )
