"""A third model family: every word votes for the labels that train saw it with, a text says the
mean of its words' votes. Nothing of emoray knows of it.

Shapes: N texts, L words, V rows of the embedding, K labels.
"""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from emoray.artifact.scoring import Texts, scoring_batches, scoring_session
from emoray.export.calibrate import mean_squares, observed_ranges
from emoray.export.graph import Built, check_names, checked_ranges, finished_model
from emoray.export.kernels import IDS, LOGITS, Kernels, Ranges
from emoray.export.network import MeanPool
from emoray.export.pooling import WordBatch, pool_words
from emoray.models.outcome import TrainedWeights
from emoray.models.recipe import Recipe
from emoray.models.text_module import TextModule
from emoray.quant.affine import AffineMap
from emoray.quant.qat.prepare import Place
from emoray.quant.scheme import EMBEDDING, FLOAT, ModelScheme, Static
from emoray.stages.encoding import TOKENIZER, VOCABULARY, write_token_ids
from emoray.stages.families.protocol import Family
from emoray.stages.spec import CorpusRef, Data, EncoderRef
from emoray.stages.text_lengths import Lengths, word_lengths
from emoray.stages.tokens import FACTS, SPLITS, Tokenize, read_words
from emoray.stages.trained import WEIGHTS, read_train, training_rows
from emoray.storage.store.keys import Stage
from emoray.tables.files import write_table
from emoray.tables.rows import TrainingRow
from emoray.text.vocabulary import UNKNOWN, Vocabulary
from emoray.text.words import VERSION, rules_json


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteRecipe(Recipe):
    tag: ClassVar[str] = "VoteRecipe"
    family: ClassVar[str] = "votes"

    vocabulary: int = 100
    weight: float = 4.0

    def __str__(self) -> str:
        return f"{self.taxonomy} votes v{self.vocabulary} {self.sample}"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadVotes:
    name: ClassVar[str] = "read_votes"
    version: ClassVar[int] = 1

    tokens: Tokenize
    vocabulary: int

    @property
    def corpus(self) -> CorpusRef:
        return self.tokens.corpus

    def vectors_name(self, dim: int) -> str:
        return "votes"

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        words = {split: read_words(inputs["tokens"], split) for split in SPLITS}
        found = Vocabulary.build(words["train"], max_words=self.vocabulary, oov_min_count=1)
        (out / VOCABULARY).write_text(found.to_text())
        limit = {"max_tokens": self.tokens.max_tokens}
        (out / TOKENIZER).write_text(json.dumps({**rules_json(), **limit}))
        for split in SPLITS:
            labels_NK = np.load(inputs["tokens"] / f"{split}.npy")
            write_token_ids(out, split, found.encode_all(words[split]), labels_NK)
        facts = json.loads((inputs["tokens"] / FACTS).read_text())
        (out / FACTS).write_text(json.dumps({"changed_pieces_share": 0.0, **facts}))
        shutil.copyfile(inputs["tokens"] / "leaked.npy", out / "leaked.npy")


@dataclass(frozen=True, slots=True, kw_only=True)
class CountVotes:
    name: ClassVar[str] = "count_votes"
    version: ClassVar[int] = 1

    recipe: VoteRecipe
    text: ReadVotes
    targets: Stage | None = field(default=None, metadata={"key_default": None})

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        train = read_train(self.recipe, inputs["text"], inputs.get("targets"))
        share_K = train.labels_NK.mean(0).clip(0.01, 0.99)
        seen_VK = np.zeros((train.ids_NL.max() + 1, len(share_K)))
        for ids_L, labels_K in zip(train.ids_NL, train.labels_NK, strict=True):
            seen_VK[np.unique(ids_L)] += labels_K - share_K
        seen_VK[: UNKNOWN + 1] = 0
        tensors = {
            "embedding": (seen_VK / len(train.labels_NK)).astype(np.float32),
            "head.kernel": (self.recipe.weight * np.eye(len(share_K))).astype(np.float32),
            "head.bias": np.log(share_K / (1 - share_K)).astype(np.float32),
        }
        np.savez(out / WEIGHTS, **tensors)
        rows = training_rows(self, self.recipe, TrainedWeights(tensors=tensors, epochs=(), kept=0))
        write_table(rows, out / "trainings.parquet", TrainingRow)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class VoteNetwork:
    votes_VK: np.ndarray
    kernel_KK: np.ndarray
    bias_K: np.ndarray

    def weights(self) -> dict[str, np.ndarray]:
        return {EMBEDDING: self.votes_VK, "head": self.kernel_KK}

    @property
    def parameters(self) -> int:
        return self.votes_VK.size + self.kernel_KK.size + self.bias_K.size

    def wired(self, scheme: ModelScheme, ranges: Ranges, maps: Mapping[str, AffineMap]) -> Kernels:
        kernels = Kernels(self.weights(), scheme, ranges, maps)
        words = WordBatch(kernels.writer, IDS, kernels.look_up(IDS))
        pooled = pool_words(words, MeanPool(), lambda kernel: kernel)
        kernels.multiply("head", pooled, bias_O=self.bias_K)
        kernels.writer.nodes[-1].output[0] = LOGITS
        return kernels

    def read_by_head(self, texts: Texts) -> Iterator[dict[str, np.ndarray]]:
        kernels = self.wired(FLOAT, {}, {})
        value = kernels.inputs["head"]
        session = scoring_session(kernels.writer.model({value: 2}).SerializeToString())
        for _, ids_NL in scoring_batches(texts):
            yield {"head": session.run([value], {IDS: ids_NL})[0]}


class VoteModule(TextModule):
    def __init__(self, tensors: Mapping[str, np.ndarray]) -> None:
        super().__init__()
        votes_VK = torch.tensor(tensors["embedding"])
        self.embedding = nn.Embedding.from_pretrained(votes_VK, freeze=False, padding_idx=0)
        self.head = nn.Linear(*tensors["head.kernel"].shape)
        self.head.weight = nn.Parameter(torch.tensor(tensors["head.kernel"]).T.contiguous())
        self.head.bias = nn.Parameter(torch.tensor(tensors["head.bias"]))

    def weight_places(self) -> tuple[Place, ...]:
        return (
            Place(name=EMBEDDING, module=self.embedding),
            Place(name="head", module=self.head),
        )

    def tensors(self) -> dict[str, np.ndarray]:
        found = {
            "embedding": self.embedding.weight,
            "head.kernel": self.head.weight.T,
            "head.bias": self.head.bias,
        }
        return {name: np.array(value.detach().numpy(), order="C") for name, value in found.items()}

    def forward(self, ids_NL: Tensor) -> Tensor:
        real_N1 = (ids_NL != 0).sum(1, keepdim=True)
        logits: Tensor = self.head(self.embedding(ids_NL).sum(1) / real_N1)
        return logits


class VoteFamily(Family[VoteRecipe, VoteNetwork]):
    recipe = VoteRecipe
    unit = "votes"
    texts_both_ways = 10

    def start_recipes(
        self, taxonomy: str, dims: Sequence[int], encoders: Sequence[EncoderRef]
    ) -> tuple[VoteRecipe, ...]:
        return (VoteRecipe(taxonomy=taxonomy),)

    def most_tokens(self, recipe: VoteRecipe, data: Data) -> int:
        return 100

    def lengths(self, recipe: VoteRecipe, data: Data, limit: int) -> Lengths:
        return word_lengths(data.corpus.folder, limit)

    def text_stage(self, recipe: VoteRecipe, data: Data) -> ReadVotes:
        tokens = Tokenize(
            corpus=data.corpus,
            taxonomy=recipe.taxonomy,
            tokenizer=VERSION,
            max_tokens=recipe.max_tokens,
        )
        return ReadVotes(tokens=tokens, vocabulary=recipe.vocabulary)

    def train_stage(self, recipe: VoteRecipe, data: Data) -> CountVotes:
        return CountVotes(recipe=recipe, text=self.text_stage(recipe, data))

    def network(
        self, recipe: VoteRecipe, tensors: Mapping[str, np.ndarray], trained: Path
    ) -> VoteNetwork:
        return VoteNetwork(
            votes_VK=tensors["embedding"],
            kernel_KK=tensors["head.kernel"],
            bias_K=tensors["head.bias"],
        )

    def module(
        self, recipe: VoteRecipe, tensors: Mapping[str, np.ndarray], trained: Path
    ) -> VoteModule:
        return VoteModule(tensors)

    def calibrate(
        self, network: VoteNetwork, dev: Texts, scheme: ModelScheme
    ) -> dict[str, tuple[float, float]] | None:
        if not isinstance(scheme.activations, Static):
            return None
        return observed_ranges(network.read_by_head(dev), scheme.activations)

    def input_moments(self, network: VoteNetwork, dev: Texts) -> dict[str, np.ndarray]:
        return mean_squares(network.read_by_head(dev))

    def build(
        self,
        network: VoteNetwork,
        scheme: ModelScheme,
        ranges: Ranges | None,
        maps: Mapping[str, AffineMap],
    ) -> Built:
        check_names(network.weights(), scheme, maps)
        needed = checked_ranges(network.weights(), scheme, ranges)
        return finished_model(network.wired(scheme, needed, maps))

    def row_columns(self, recipe: VoteRecipe) -> dict[str, object]:
        return {"hidden_units": 0, "pooling": "mean", "trainable_vectors": True}
