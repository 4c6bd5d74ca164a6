"""A finished training without what matters least, and what is left of it trained on.

Each leaves what a training leaves, so that further training, compression and `jobs.compress` read
it like one.
"""

import json
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.quant.pruning import Heal, Prune
from emoray.stages.encoding import (
    FACTS,
    SPLITS,
    TOKENIZER,
    VOCABULARY,
    read_padded,
    read_texts,
    write_token_ids,
)
from emoray.stages.families.protocol import TextStage, TrainStage
from emoray.stages.families.registry import FAMILIES
from emoray.stages.memory import enough_memory
from emoray.stages.spec import CorpusRef
from emoray.stages.trained import SETTINGS, WEIGHTS, read_tensors, read_train, training_rows
from emoray.storage.store.keys import UNFINISHED, id_of
from emoray.tables.pruning_rows import PruningRow
from emoray.tables.rows import TrainingRow
from emoray.text.vocabulary import UNKNOWN, Ragged, Vocabulary

KEPT = "kept_ids.npy"  # of a finished PruneModel: ids that have a row still
PRUNING = "pruning.parquet"
BESIDE = (SETTINGS, VOCABULARY, TOKENIZER, "labels.txt")  # of a training that is a checkpoint


def _copy_beside(trained: Path, out: Path) -> None:
    """Copy what a training leaves beside its weights, where it does."""
    for name in BESIDE:
        if (trained / name).exists():
            shutil.copyfile(trained / name, out / name)


@dataclass(frozen=True, slots=True, kw_only=True)
class PruneModel:
    """A trained model without what matters least to its loss on train."""

    name: ClassVar[str] = "prune"
    version: ClassVar[int] = 1

    trained: TrainStage
    text: TextStage
    prune: Prune

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write weights, what lies beside them, and `pruning.parquet`."""
        from emoray.tables.files import write_table

        recipe, trained = self.trained.recipe, inputs["trained"]
        with enough_memory():
            found = FAMILIES[recipe.family].prune(
                recipe,
                read_tensors(trained),
                trained,
                self.prune,
                read_train(recipe, inputs["text"]),
            )
        np.savez(out / WEIGHTS, allow_pickle=False, **found.tensors)
        _copy_beside(trained, out)
        if found.kept_ids is not None:
            np.save(out / KEPT, found.kept_ids)
        rows = [
            PruningRow(training_id=id_of(self.trained), pruning=str(self.prune), **asdict(part))
            for part in found.parts
        ]
        write_table(rows, out / PRUNING, PruningRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrunedTexts:
    """A corpus as ids of the words that pruning left."""

    name: ClassVar[str] = "pruned_texts"
    version: ClassVar[int] = 1

    text: TextStage
    pruned: PruneModel

    @property
    def corpus(self) -> CorpusRef:
        """The corpus of the texts."""
        return self.text.corpus

    def vectors_name(self, dim: int) -> str:
        """Name in tables of the vectors that training started from."""
        return self.text.vectors_name(dim)

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write what a text stage leaves, with other ids and fewer words."""
        words = Vocabulary.from_text((inputs["text"] / VOCABULARY).read_bytes().decode()).words
        kept_ids = np.load(inputs["pruned"] / KEPT, allow_pickle=False)
        new_V = np.full(len(words) + 2, UNKNOWN, np.int32)
        new_V[kept_ids] = np.arange(len(kept_ids))
        for split in SPLITS:
            texts, labels_NK = read_texts(inputs["text"], split)
            assert isinstance(texts, Ragged), "features have no words"
            ids = Ragged(flat=new_V[texts.flat], offsets=texts.offsets)
            write_token_ids(out, split, ids, labels_NK)
            lost = float(np.mean((texts.flat > UNKNOWN) & (ids.flat == UNKNOWN)))
        kept = Vocabulary(words=tuple(words[i - 2] for i in kept_ids if i > UNKNOWN))
        (out / VOCABULARY).write_text(kept.to_text(), "utf-8")
        facts = json.loads((inputs["text"] / FACTS).read_text())
        (out / FACTS).write_text(json.dumps({**facts, "changed_pieces_share": lost}))  # of test
        for name in (TOKENIZER, "leaked.npy"):
            shutil.copyfile(inputs["text"] / name, out / name)


@dataclass(frozen=True, slots=True, kw_only=True)
class HealModel:
    """A pruned model trained on towards the whole one's logits. Resumable like a fine-tuning."""

    name: ClassVar[str] = "heal"
    version: ClassVar[int] = 1
    resumable: ClassVar[bool] = True
    trains_with_torch: ClassVar[bool] = True

    trained: TrainStage
    text: TextStage
    pruned: PruneModel
    left_text: TextStage
    heal: Heal

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write weights, what lies beside them, and `trainings.parquet`."""
        from emoray.decide.crossfit import cross_fitted_macro_f1
        from emoray.decide.thresholds import PerLabel
        from emoray.models.pruning.healing import heal, logits_on
        from emoray.models.training import device_here
        from emoray.tables.files import write_table

        recipe, trained = self.trained.recipe, inputs["trained"]
        family, device = FAMILIES[recipe.family], device_here()
        train, dev = (
            read_train(recipe, inputs["left_text"]),
            read_padded(inputs["left_text"], "dev"),
        )
        with enough_memory():
            whole_NK = logits_on(
                family.module(recipe, read_tensors(trained), trained),
                read_train(recipe, inputs["text"]),
                device,
            )
            healed = heal(
                family.module(recipe, read_tensors(inputs["pruned"]), trained),
                whole_NK,
                family.further_settings(recipe, self.heal, len(train.lengths_N)),
                train=train,
                dev=dev,
                score=lambda logits_NK: cross_fitted_macro_f1(PerLabel(), logits_NK, dev.labels_NK),
                device=device,
                unfinished=inputs[UNFINISHED],
            )
        np.savez(out / WEIGHTS, allow_pickle=False, **healed.tensors)
        _copy_beside(inputs["pruned"], out)
        write_table(training_rows(self, recipe, healed), out / "trainings.parquet", TrainingRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftModel:
    """What pruning leaves of a training: the stage of its weights, the texts as it reads them."""

    model: PruneModel | HealModel
    text: TextStage


def left_of(train: TrainStage, text: TextStage, prune: Prune) -> LeftModel:
    """Build the stages that prune a training.

    Args:
        train: the training.
        text: its texts.
        prune: what it loses.

    Returns:
        The stages; nothing is made yet.

    Raises:
        ValueError: models of its family have no such parts.
    """
    family = FAMILIES[train.recipe.family]
    if strange := [name for name in prune.asked if name not in family.prunes]:
        own = ", ".join(family.prunes) or "nothing"
        raise ValueError(
            f"pruning takes {own} from models of family {train.recipe.family}, got "
            f"{', '.join(strange)} in {prune}: leave that out"
        )
    pruned = PruneModel(trained=train, text=text, prune=replace(prune, heal=None))
    left_text = PrunedTexts(text=text, pruned=pruned) if prune.rows else text
    if prune.heal is None:
        return LeftModel(model=pruned, text=left_text)
    healed = HealModel(
        trained=train, text=text, pruned=pruned, left_text=left_text, heal=prune.heal
    )
    return LeftModel(model=healed, text=left_text)
