"""The flow, arrow by arrow: text -> vectors -> training -> compressed model -> logits -> operating
points.

Every stage is a frozen value; its stage-valued fields are its inputs, the others what it reads.
Raise `version` when a stage's code changes what its files say. Heavy libraries are imported where
they run. Shapes: N texts, L tokens, K labels, D width, V rows of the embedding, M trainable words.
"""

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.labels import taxonomy as taxonomy_of
from emoray.model.recipe import GloveRecipe
from emoray.quant.scheme import ModelScheme
from emoray.text.vocabulary import FIRST, UNKNOWN, Ragged, Vocabulary
from emoray.trial.columns import Logits
from emoray.trial.spec import CorpusRef, Decision, VectorsRef, recipe_id
from emoray.trial.store import id_of

SPLITS = ("train", "dev", "test")
BASE = "artifact"  # of a finished Compress: the files that all decisions on it share
MAX_TOKENS = 64  # words of a text that are read, at training and at serving alike
OOV_MIN_COUNT = 5  # a word without a vector earns a row of its own from here on


def read_texts(folder: Path, split: str) -> tuple[Ragged, np.ndarray]:
    """Token ids and labels_NK of one split, from a finished `Encode`."""
    with np.load(folder / f"{split}.npz", allow_pickle=False) as data:
        return Ragged(flat=data["flat"], offsets=data["offsets"]), data["labels_NK"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokenize:
    """A corpus read and cut into words, with its labels in one taxonomy."""

    name: ClassVar[str] = "tokenize"
    version: ClassVar[int] = 1

    corpus: CorpusRef
    taxonomy: str
    tokenizer: int

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.text.corpus import read_corpus
        from emoray.text.words import tokenize

        corpus = read_corpus(
            self.corpus.folder, name=self.corpus.name, taxonomy=taxonomy_of(self.taxonomy)
        )
        if corpus.sha256 != self.corpus.sha256:
            raise ValueError(
                f"a corpus must not change during a run, got other bytes in {self.corpus.folder}: "
                "start the run again"
            )
        for split in SPLITS:
            texts = corpus.split(split)
            lines = (" ".join(tokenize(text)[:MAX_TOKENS]) for text in texts.texts)
            (out / f"{split}.txt").write_text("\n".join(lines), "utf-8")
            np.save(out / f"{split}.npy", texts.labels_NK)
        np.save(out / "leaked.npy", corpus.leaked_N)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encode:
    """Words to ids of a vocabulary chosen on train, and the word vectors of what was kept."""

    name: ClassVar[str] = "encode"
    version: ClassVar[int] = 2

    tokens: Tokenize
    vocabulary: int
    vectors: VectorsRef

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        tokens = {
            split: [
                line.split(" ") if line else []
                for line in (inputs["tokens"] / f"{split}.txt").read_text("utf-8").split("\n")
            ]
            for split in SPLITS
        }
        wanted = {word for words in tokens["train"] for word in words}
        found, matrix_FD = self.vectors.source.load(wanted)
        vocabulary = Vocabulary.build(
            tokens["train"],
            max_words=self.vocabulary,
            min_count=2,
            oov_min_count=OOV_MIN_COUNT,
            known=set(found),
        )
        kept = [row for row, word in enumerate(found) if word in vocabulary]
        np.savez(out / "vectors.npz", matrix_FD=matrix_FD[kept])
        (out / "found.txt").write_text("".join(f"{found[row]}\n" for row in kept), "utf-8")
        (out / "vocabulary.txt").write_text(vocabulary.to_text(), "utf-8")
        for split in SPLITS:
            ragged = vocabulary.encode_all(tokens[split])
            np.savez(
                out / f"{split}.npz",
                flat=ragged.flat,
                offsets=ragged.offsets,
                labels_NK=np.load(inputs["tokens"] / f"{split}.npy", allow_pickle=False),
            )
        shutil.copyfile(inputs["tokens"] / "leaked.npy", out / "leaked.npy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Embed:
    """Word vectors of the width asked for: as they are, or their first principal components."""

    name: ClassVar[str] = "embed"
    version: ClassVar[int] = 1

    text: Encode
    dim: int

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.text.embedding import Zeros, embedding_rows
        from emoray.text.pca import reduce_by_pca

        vocabulary = Vocabulary.from_text((inputs["text"] / "vocabulary.txt").read_text("utf-8"))
        found = (inputs["text"] / "found.txt").read_text("utf-8").split()
        with np.load(inputs["text"] / "vectors.npz", allow_pickle=False) as data:
            matrix_FD = data["matrix_FD"]
        if self.dim < matrix_FD.shape[1]:
            matrix_FD = reduce_by_pca(matrix_FD, self.dim)
        vectors_VD = embedding_rows(vocabulary, found, matrix_FD, init=Zeros())
        known = set(found)
        rare = [i for i, word in enumerate(vocabulary.words, start=FIRST) if word not in known]
        np.savez(out / "vectors.npz", vectors_VD=vectors_VD, rare_M=np.array([UNKNOWN, *rare]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Train:
    """One recipe with one seed: the dear part."""

    name: ClassVar[str] = "train"
    version: ClassVar[int] = 1

    recipe: GloveRecipe
    text: Encode
    vectors: Embed

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.decide.crossfit import cross_fitted_macro_f1
        from emoray.decide.thresholds import PerLabel
        from emoray.model import glove
        from emoray.tables.files import write_table
        from emoray.tables.rows import TrainingRow

        def texts(split: str) -> glove.Texts:
            ragged, labels_NK = read_texts(inputs["text"], split)
            ids_NL = ragged.padded(np.arange(len(ragged)))
            return glove.Texts(ids_NL=ids_NL, lengths_N=ragged.lengths, labels_NK=labels_NK)

        with np.load(inputs["vectors"] / "vectors.npz", allow_pickle=False) as data:
            vectors_VD, rare_M = data["vectors_VD"], data["rare_M"]
        dev = texts("dev")
        trained = glove.train(
            self.recipe,
            train=texts("train"),
            dev=dev,
            vectors_VD=vectors_VD,
            rare_M=rare_M,
            score=lambda logits_NK: cross_fitted_macro_f1(PerLabel(), logits_NK, dev.labels_NK),
        )
        np.savez(out / "weights.npz", allow_pickle=False, **trained.tensors)
        rows = [
            TrainingRow(
                training_id=id_of(self),
                recipe=recipe_id(self.recipe),
                taxonomy=self.recipe.taxonomy,
                seed=self.recipe.seed,
                kept=epoch.epoch == trained.kept,
                **asdict(epoch),
            )
            for epoch in trained.epochs
        ]
        write_table(rows, out / "trainings.parquet", TrainingRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Compress:
    """A trained model under one scheme: the artifact, all but its decision."""

    name: ClassVar[str] = "compress"
    version: ClassVar[int] = 1

    trained: Train
    text: Encode
    scheme: ModelScheme

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.export.calibrate import calibrate
        from emoray.export.graph import build
        from emoray.export.network import Network
        from emoray.export.shipping import base_files
        from emoray.tables.files import write_table
        from emoray.tables.rows import LayerRow
        from emoray.text.words import rules_json
        from emoray.trial.layers import layer_columns

        recipe = self.trained.recipe
        with np.load(inputs["trained"] / "weights.npz", allow_pickle=False) as weights:
            network = Network.from_tensors(dict(weights), [str(p) for p in recipe.pools])
        dev, _ = read_texts(inputs["text"], "dev")
        built = build(network, self.scheme, calibrate(network, dev, self.scheme))
        files = base_files(
            built.file,
            vocabulary=(inputs["text"] / "vocabulary.txt").read_text("utf-8"),
            tokenizer={**rules_json(), "max_tokens": MAX_TOKENS},
            labels=taxonomy_of(recipe.taxonomy).labels,
        )
        (out / BASE).mkdir()
        for name, content in files.items():
            (out / BASE / name).write_bytes(content)
        facts = {
            "execution": built.execution,
            "embedding_bytes": built.embedding_bytes,
            "parameters": network.parameters,
        }
        (out / "facts.json").write_text(json.dumps(facts))
        rows = layer_columns(built.layers, id_of(self))
        write_table(rows, out / "layers.parquet", LayerRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Logits of dev and test from the compressed model, run as a user would."""

    name: ClassVar[str] = "score"
    version: ClassVar[int] = 1

    compressed: Compress
    text: Encode

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.export.score import logits

        model = inputs["compressed"] / BASE / "model.onnx"
        found = {s: logits(model, read_texts(inputs["text"], s)[0]) for s in ("dev", "test")}
        np.savez(out / "logits.npz", allow_pickle=False, **found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decide:
    """Every decision on one model's logits: the rows of the tables."""

    name: ClassVar[str] = "decide"
    version: ClassVar[int] = 1

    scored: Score
    compressed: Compress
    text: Encode
    decisions: tuple[Decision, ...]

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.trial.rows import write_rows

        (_, dev_labels_NK), (_, test_labels_NK) = (
            read_texts(inputs["text"], split) for split in ("dev", "test")
        )
        with np.load(inputs["scored"] / "logits.npz", allow_pickle=False) as data:
            logits = Logits(
                dev_NK=data["dev"],
                dev_labels_NK=dev_labels_NK,
                test_NK=data["test"],
                test_labels_NK=test_labels_NK,
                leaked_N=np.load(inputs["text"] / "leaked.npy", allow_pickle=False),
            )
        write_rows(self.compressed, inputs["compressed"], logits, self.decisions, out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """The time of one text, batch 1: these models beside a baseline, a whole node to themselves."""

    name: ClassVar[str] = "clock"
    version: ClassVar[int] = 2

    compressed: tuple[Compress, ...]
    baseline: Compress
    text: Encode
    baseline_text: Encode
    cpu: str  # another processor, another measurement
    cpus: int  # of the node: reserved, so that nothing else runs there
    threads: int = 1
    texts: int = 100
    turns: int = 2

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.export.cpu import cpu
        from emoray.export.latency import measure
        from emoray.tables.files import write_table
        from emoray.tables.rows import LatencyRow

        baseline = "baseline"
        models = {baseline: inputs["baseline"] / BASE / "model.onnx"}
        for i, compressed in enumerate(self.compressed):
            models[id_of(compressed)] = inputs[f"compressed.{i}"] / BASE / "model.onnx"
        test, _ = read_texts(inputs["text"], "test")
        again, _ = read_texts(inputs["baseline_text"], "test")
        # Evenly over the sorted lengths: the real mix of lengths, in few texts.
        order = np.argsort(test.lengths, kind="stable")
        chosen = order[np.linspace(0, len(order) - 1, min(self.texts, len(order))).astype(int)]
        samples = measure(
            models,
            [test.row(int(i)) for i in chosen],
            baseline=baseline,
            baseline_texts=[again.row(int(i)) for i in chosen],
            repeats=self.turns,
            threads=self.threads,
        )
        found = cpu()
        rows = [
            LatencyRow(
                model=sample.model,
                beside=sample.beside,
                turn=sample.turn,
                text=int(chosen[sample.text]),
                tokens=sample.tokens,
                milliseconds=sample.milliseconds,
                threads=self.threads,
                cpu=found.model,
                instruction_sets=found.instruction_sets,
            )
            for sample in samples
        ]
        write_table(rows, out / "latency.parquet", LatencyRow)
