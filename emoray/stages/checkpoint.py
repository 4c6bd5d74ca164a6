"""A checkpoint as input of the search's own stages, and PyTorch's own logits and bytes.

`ReadCheckpoint` leaves the files that a `FineTune` leaves, `ReadCorpus` those of `EncodeSubwords`:
from there on a foreign model goes the way of every training. Shapes: K labels.
"""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

import numpy as np

from emoray.data.corpus import Corpus
from emoray.labels import Taxonomy, own
from emoray.labels import taxonomy as taxonomy_of
from emoray.models.encoder.recipe import BertRecipe
from emoray.models.encoder.weights import CheckpointSettings
from emoray.models.recipe import Recipe
from emoray.quant.policy import Scheme
from emoray.stages.checkpoint_source import (
    GOEMOTIONS_KIN,
    LoadedCheckpoint,
    find_loaded,
    read_loaded,
    unchanged,
)
from emoray.stages.compression import Compress, Score
from emoray.stages.encoding import FACTS, SPLITS, read_texts, write_token_ids
from emoray.stages.families.given import GivenRecipe
from emoray.stages.families.protocol import TextStage, TrainStage
from emoray.stages.foreign import as_called, foreign_baseline, write_given
from emoray.stages.plan import compressing
from emoray.stages.spec import CorpusRef
from emoray.stages.trained import SETTINGS, WEIGHTS, read_tensors
from emoray.text.opened import open_tokenizer

if TYPE_CHECKING:
    from emoray.models.encoder.torch_baseline import TorchBaseline


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCheckpoint:
    """A model's folder by neutral names, its head in the taxonomy's order of labels.

    foreign: whether emoray has no graph of its own for it; a graph stands in place of tensors.
    """

    name: ClassVar[str] = "checkpoint"
    version: ClassVar[int] = 2

    sha256: str
    taxonomy: str
    max_tokens: int
    folder: Path
    foreign: bool = field(default=False, metadata={"key_default": False})

    @property
    def recipe(self) -> Recipe:
        """The recipe of further training, where a scheme needs it; the original one is unknown."""
        if self.foreign:
            return GivenRecipe(taxonomy=self.taxonomy, max_tokens=self.max_tokens)
        return BertRecipe(taxonomy=self.taxonomy, max_tokens=self.max_tokens)

    @property
    def targets(self) -> None:
        """None: the original objective is unknown."""
        return None

    @property
    def among(self) -> tuple[Taxonomy, ...]:
        """The corpus' taxonomies."""
        return GOEMOTIONS_KIN

    def given(self) -> LoadedCheckpoint:
        """Load the model; ValueError where its files changed since the stage was made."""
        found = find_loaded(self.folder, max_tokens=self.max_tokens, among=self.among)
        return unchanged(found, self.sha256)

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write weights, settings, tokenizer and label names."""
        given = self.given()
        labels = taxonomy_of(self.taxonomy, self.among).labels
        (out / "labels.txt").write_text("\n".join(labels), "utf-8")
        if self.foreign:
            write_given(given, out)
            return
        tensors, settings, pieces = read_loaded(given)
        tensors["head.kernel"] = tensors["head.kernel"][:, given.columns_K]
        tensors["head.bias"] = tensors["head.bias"][given.columns_K]
        np.savez(out / WEIGHTS, allow_pickle=False, **tensors)
        (out / SETTINGS).write_text(settings.to_json())
        pieces.write(out)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOwnCheckpoint(ReadCheckpoint):
    """The same with the labels of an own corpus, in its order."""

    labels: tuple[str, ...]

    @property
    def among(self) -> tuple[Taxonomy, ...]:
        """The one taxonomy of the own corpus."""
        return (own(self.labels),)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadCorpus:
    """A corpus as ids of the checkpoint's pieces."""

    name: ClassVar[str] = "checkpoint_texts"
    version: ClassVar[int] = 2

    checkpoint: ReadCheckpoint
    corpus: CorpusRef

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write token ids, labels and facts of each split."""
        from emoray.text.subwords import PieceTokenizer

        corpus = self.corpus.read(self.checkpoint.taxonomy)
        pieces = PieceTokenizer.read(inputs["checkpoint"])
        pieces.write(out)
        for split in SPLITS:
            texts = corpus.split(split)
            write_token_ids(out, split, pieces.encode_all(texts.texts), texts.labels_NK)
        np.save(out / "leaked.npy", corpus.leaked_N)
        # The pieces are the model's own: none was dropped here.
        share = pieces.truncated_share(corpus.split("test").texts)
        facts = {"changed_pieces_share": 0.0, "truncated_share": share}
        (out / FACTS).write_text(json.dumps(facts))


def _as_saved(given: LoadedCheckpoint, corpus: Corpus, *, by_torch: bool) -> dict[str, np.ndarray]:
    """Logits of dev and test from transformers, in the taxonomy's order of labels."""
    from emoray.models.encoder.as_saved import logits_as_saved

    if given.checkpoint.kind == "foreign":
        return as_called(given, corpus, by_torch=by_torch)
    folder, ids = given.checkpoint.folder, {}
    library = open_tokenizer(folder)
    for split in ("dev", "test"):
        ids[split] = library.ids(corpus.split(split).texts, given.max_tokens)
    found_NK = logits_as_saved(
        folder,
        [row for rows in ids.values() for row in rows],
        padding=library.padding_id,
        by_torch=by_torch,
        softmax=given.checkpoint.softmax,
    )[:, given.columns_K]
    return {"dev": found_NK[: len(ids["dev"])], "test": found_NK[len(ids["dev"]) :]}


def torch_model(
    checkpoint: ReadCheckpoint, folder: Path, *, by_torch: bool = False
) -> "TorchBaseline":
    """The model in PyTorch, of float32 or quantized there; folder: of the finished reading."""
    from emoray.models.encoder.torch_baseline import baseline

    if checkpoint.foreign:
        return foreign_baseline(checkpoint.given(), by_torch=by_torch)
    return baseline(
        read_tensors(folder),
        CheckpointSettings.from_json((folder / SETTINGS).read_text()),
        by_torch=by_torch,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreTorch:
    """Logits of dev and test from PyTorch, in float32 or by its own quantize_dynamic.

    A model of transformers is transformers' own module on transformers' own ids.
    """

    name: ClassVar[str] = "score_torch"
    version: ClassVar[int] = 2

    checkpoint: ReadCheckpoint
    text: ReadCorpus
    by_torch: bool

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `logits.npz` and `bytes.json`."""
        from emoray.artifact.scoring import scoring_batches
        from emoray.models.encoder.torch_baseline import saved_bytes, threads

        taxonomy = self.checkpoint.taxonomy
        labels = len(self.text.corpus.taxonomy(taxonomy).labels)
        given = self.checkpoint.given()
        found = torch_model(self.checkpoint, inputs["checkpoint"], by_torch=self.by_torch)
        logits = {}
        with threads(1):
            if given.checkpoint.kind != "ours":
                corpus = self.text.corpus.read(taxonomy)
                logits = _as_saved(given, corpus, by_torch=self.by_torch)
            else:
                for split in ("dev", "test"):
                    texts, _ = read_texts(inputs["text"], split)
                    logits[split] = np.empty((len(texts), labels), np.float32)
                    for rows, ids_NL in scoring_batches(texts):
                        logits[split][rows] = found(ids_NL)
        np.savez(out / "logits.npz", allow_pickle=False, **logits)
        parts, whole = saved_bytes(found)
        (out / "bytes.json").write_text(json.dumps({"parts": parts, "whole": whole}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One scheme on one checkpoint: the search's own stages, fed by ours."""

    compressed: Compress
    scored: Score


def variant(checkpoint: ReadCheckpoint, text: ReadCorpus, scheme: Scheme) -> Variant:
    """The chain of stages from a checkpoint to logits under a scheme."""
    trained = cast(TrainStage, checkpoint)  # the same files and a recipe: all that is asked of it
    pieces = cast(TextStage, text)
    compressed = compressing(trained, pieces, scheme)
    return Variant(compressed=compressed, scored=Score(compressed=compressed, text=compressed.text))
