"""The `bert` family's own stages: from texts to token pieces, from an encoder to fitted weights."""

import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.models.encoder.recipe import AllPieces, BertRecipe
from emoray.models.encoder.recipe import Pieces as KeptPieces
from emoray.models.sampling import calibrated_on_shots
from emoray.stages.augmentation import Augment, read_augmented
from emoray.stages.encoding import (
    FACTS,
    SPLITS,
    TOKENIZER,
    VOCABULARY,
    read_padded,
    write_token_ids,
)
from emoray.stages.families.protocol import TextStage
from emoray.stages.memory import enough_memory
from emoray.stages.spec import CorpusRef, EncoderRef
from emoray.stages.trained import SETTINGS, WEIGHTS, read_joint_train, training_rows
from emoray.storage.store.keys import UNFINISHED, Stage
from emoray.tables.rows import TrainingRow

ENCODER = "encoder"  # of a finished FineTune: the folder for transformers


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeSubwords:
    """A corpus, train augmented or not, as ids of those of an encoder's subwords that are kept."""

    name: ClassVar[str] = "pieces"
    version: ClassVar[int] = 3

    corpus: CorpusRef
    taxonomy: str
    encoder: EncoderRef
    kept: KeptPieces
    max_tokens: int
    augment: Augment | None = None

    def vectors_name(self, dim: int) -> str:
        """Name in tables of the embedding that training starts from, factorised to `dim`."""
        return self.encoder.name if dim >= self.encoder.width else f"{self.encoder.name}-svd{dim}"

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write token ids, labels, vocabulary, tokenizer and facts."""
        from emoray.text.subword_pruning import changed_share, keep_pieces, unknown_signs
        from emoray.text.subwords_io import MASKS, read_pieces

        corpus = read_augmented(self.corpus, self.taxonomy, inputs)
        pieces = whole = read_pieces(self.encoder.folder, max_tokens=self.max_tokens)
        if not isinstance(self.kept, AllPieces):
            if self.kept.signs:
                signs = unknown_signs(corpus.train.texts, whole, min_count=self.kept.signs)
                whole = read_pieces(
                    self.encoder.folder, max_tokens=self.max_tokens, added=(*signs, *MASKS)
                )
            kept = keep_pieces(
                corpus.train.texts,
                whole,
                allowance=self.kept.allowance,
                min_count=self.kept.min_count,
            )
            pieces = whole.pruned(kept)
        pieces.write(out)
        changed = changed_share(corpus.test.texts, whole, pieces)
        share = pieces.truncated_share(corpus.test.texts)
        facts = {"changed_pieces_share": changed, "truncated_share": share}
        (out / FACTS).write_text(json.dumps(facts))
        for split in SPLITS:
            texts = corpus.split(split)
            write_token_ids(out, split, pieces.encode_all(texts.texts), texts.labels_NK)
        np.save(out / "leaked.npy", corpus.leaked_N)


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTune:
    """Fine-tune one encoder by one recipe and seed; when stopped it resumes after the last epoch.

    The most expensive stage. Leaves tensors, settings and tokenizer, and in `encoder/` the files of
    transformers: a folder that another fine-tuning may start from.
    """

    name: ClassVar[str] = "finetune"
    version: ClassVar[int] = 1
    resumable: ClassVar[bool] = True
    trains_with_torch: ClassVar[bool] = True

    recipe: BertRecipe
    text: TextStage
    encoder: EncoderRef
    targets: Stage | None = field(default=None, metadata={"key_default": None})

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write weights, settings, tokenizer, `trainings.parquet` and `encoder/`."""
        from emoray.decide.crossfit import cross_fitted_macro_f1
        from emoray.decide.thresholds import PerLabel
        from emoray.models.encoder.finetune import fine_tune
        from emoray.models.encoder.saving import padding_id, write_encoder
        from emoray.models.encoder.weights import read_encoder
        from emoray.tables.files import write_table
        from emoray.text.subwords import PieceTokenizer
        from emoray.text.subwords_saving import write_tokenizer

        pieces = PieceTokenizer.read(inputs["text"])
        tensors, settings = read_encoder(self.encoder.folder, layers=self.recipe.layers)
        tensors["embedding"] = pieces.start_rows(tensors["embedding"])
        dev = read_padded(inputs["text"], "dev")
        with enough_memory():
            trained = fine_tune(
                self.recipe,
                tensors,
                settings,
                train=read_joint_train(
                    self.recipe, inputs["text"], self.text.corpus, inputs.get("targets")
                ),
                dev=dev,
                keep_last=calibrated_on_shots(self.recipe.sample) is not None,
                score=lambda logits_NK: cross_fitted_macro_f1(PerLabel(), logits_NK, dev.labels_NK),
                unfinished=inputs[UNFINISHED],
            )
        np.savez(out / WEIGHTS, allow_pickle=False, **trained.tensors)
        (out / SETTINGS).write_text(trained.settings.to_json())
        (out / ENCODER).mkdir()
        write_encoder(out / ENCODER, trained.tensors, trained.settings)
        write_tokenizer(
            pieces, out / ENCODER, padding_id=padding_id(trained.tensors, trained.settings)
        )
        for name in (VOCABULARY, TOKENIZER):
            shutil.copyfile(inputs["text"] / name, out / name)
        labels = self.text.corpus.taxonomy(self.recipe.taxonomy).labels
        (out / "labels.txt").write_text("\n".join(labels), "utf-8")
        write_table(
            training_rows(self, self.recipe, trained), out / "trainings.parquet", TrainingRow
        )
