"""Texts that a teacher labels: those of train, and others without true labels.

Shapes: N texts.
"""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.augment.filters import KEPT, normal_form
from emoray.augment.rewritten import RewrittenText, rewritten
from emoray.models.objectives import MoreTexts
from emoray.models.sampling import fold_of
from emoray.stages.augmentation import SUFFIX, Augment, read_augmented
from emoray.stages.distillation.refs import TextsRef
from emoray.stages.spec import CorpusRef
from emoray.storage.store.keys import id_of
from emoray.tables.files import write_table
from emoray.tables.transfer_rows import TransferTextsRow

TEXTS, SOURCES = "texts.json", "sources.npy"
TRANSFER = "transfer_texts.parquet"
UNLABELLED, NO_SOURCE = "unlabelled", -1
LEAKS, TWICE, EMPTY = "leaks", "duplicate", "empty"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class AskedTexts:
    """Texts, and which text of train each was made from; NO_SOURCE for none."""

    texts: tuple[str, ...]
    source_N: np.ndarray

    @classmethod
    def read(cls, folder: Path) -> "AskedTexts":
        """From the folder of a finished `TrainTexts` or `TransferTexts`."""
        return cls(
            texts=tuple(json.loads((folder / TEXTS).read_text("utf-8"))),
            source_N=np.load(folder / SOURCES, allow_pickle=False),
        )

    def write(self, folder: Path) -> None:
        """As `read` finds them."""
        (folder / TEXTS).write_text(json.dumps(self.texts), "utf-8")
        np.save(folder / SOURCES, self.source_N)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainTexts:
    """The texts of train, in the order in which every family reads them."""

    name: ClassVar[str] = "train_texts"
    version: ClassVar[int] = 1

    corpus: CorpusRef
    taxonomy: str
    augment: Augment | None = None

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write the texts and their sources: themselves, but for augmented ones."""
        train = read_augmented(self.corpus, self.taxonomy, inputs).train
        own = len(self.corpus.texts("train"))
        place = {name: i for i, name in enumerate(train.ids[:own])}
        sources = [*range(own), *(place[name.removesuffix(SUFFIX)] for name in train.ids[own:])]
        AskedTexts(texts=train.texts, source_N=np.array(sources)).write(out)


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferTexts:
    """Texts without true labels: made from train, and a user's own.

    Attributes:
        corpus: of whose train they are made; none is a text of its dev or test.
        made: how, and how many.
        unlabelled: a user's own.
        folds: two texts are joined within one fold alone.
    """

    name: ClassVar[str] = "transfer_texts"
    version: ClassVar[int] = 1

    corpus: CorpusRef
    made: MoreTexts
    unlabelled: TextsRef | None = None
    folds: int = 1

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write the texts that are kept, their sources, and the counts of all."""
        train = self.corpus.texts("train")
        held_out = {normal_form(t) for split in ("dev", "test") for t in self.corpus.texts(split)}
        own = self.unlabelled.read() if self.unlabelled else ()
        given = (RewrittenText(text=t, way=UNLABELLED, source=NO_SOURCE) for t in own)
        made = rewritten(
            train,
            fold_of(len(train), self.folds),
            copies=self.made.copies,
            mask=self.made.mask,
            splice=self.made.splice,
            ngrams=self.made.ngrams,
            seed=self.made.seed,
        )
        found = [*given, *made]
        verdicts = _verdicts(found, {normal_form(text) for text in train}, held_out)
        kept = [each for each, verdict in zip(found, verdicts, strict=True) if verdict == KEPT]
        if not kept:
            raise ValueError(
                f"transfer texts are other texts than those of the corpus, got {len(found)} of "
                "which none is: make more copies, or name another file"
            )
        AskedTexts(
            texts=tuple(each.text for each in kept),
            source_N=np.array([each.source for each in kept], np.int64),
        ).write(out)
        rows = _counted(id_of(self), self.corpus.name, found, verdicts)
        write_table(rows, out / TRANSFER, TransferTextsRow)


def _verdicts(found: Sequence[RewrittenText], known: set[str], held_out: set[str]) -> list[str]:
    """Whether each is kept, or why not; `known` texts and repeats are duplicates."""
    seen, verdicts = set(known), []
    for each in found:
        form = normal_form(each.text)
        if form in held_out:
            verdicts.append(LEAKS)
        elif not form:
            verdicts.append(EMPTY)
        elif form in seen:
            verdicts.append(TWICE)
        else:
            seen.add(form)
            verdicts.append(KEPT)
    return verdicts


def _counted(
    name: str, corpus: str, found: Sequence[RewrittenText], verdicts: Iterable[str]
) -> list[TransferTextsRow]:
    counts = Counter((each.way, verdict) for each, verdict in zip(found, verdicts, strict=True))
    return [
        TransferTextsRow(
            transfer=name,
            corpus=corpus,
            way=way,
            made=sum(count for (of, _), count in counts.items() if of == way),
            kept=counts[way, KEPT],
            duplicates=counts[way, TWICE],
            leaks=counts[way, LEAKS],
            empty=counts[way, EMPTY],
        )
        for way in dict.fromkeys(each.way for each in found)
    ]
