"""Latency of one text: in all, in the model alone, and without the cache of words.

A made model of a sweep's usual shape, words and texts of the embedded sample, so that nobody needs
the data. The rival is what the artifact did before it cached words: every text is cut by all rules,
and takes the path of many texts. Shapes: K labels, V rows of the embedding, D width.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from emoray.artifact.packaging import base_files, decision_json
from emoray.artifact.runtime import DECISION, UNKNOWN, Classifier
from emoray.benchmarks.figures import AtMost, BenchmarkFigure, less_is_better
from emoray.data.corpus import read_splits
from emoray.data.goemotions import sample
from emoray.export.graph import build_graph
from emoray.export.network import Network
from emoray.labels import EKMAN
from emoray.quant.scheme import ModelScheme
from emoray.text.vocabulary import FIRST, Vocabulary
from emoray.text.words import rules_json, tokenize

SHORT = "Thanks a lot!"


def made_files(words: Sequence[str], dim: int, seed: int) -> dict[str, bytes]:
    """Make an artifact of random weights: mean of word vectors, a linear head, float32."""
    rng = np.random.default_rng(seed)
    embedding_VD = rng.normal(size=(len(words) + FIRST, dim)).astype(np.float32)
    embedding_VD[0] = 0
    labels = len(EKMAN.labels)
    tensors = {
        "embedding": embedding_VD,
        "head.kernel": rng.normal(size=(dim, labels)).astype(np.float32),
        "head.bias": rng.normal(size=labels).astype(np.float32),
    }
    files = base_files(
        build_graph(Network.from_tensors(tensors, ("mean",)), ModelScheme()).file,
        vocabulary=Vocabulary(words=tuple(words)).to_text(),
        tokenizer={**rules_json(), "max_tokens": 64},
        labels=EKMAN.labels,
    )
    return {**files, DECISION: decision_json(1.5, np.zeros(labels), "fixed0.5")}


def made_classifier(words: Sequence[str], dim: int, seed: int) -> Classifier:
    """The same, ready to classify."""
    return Classifier(made_files(words, dim, seed))


def uncached(classifier: Classifier, words: Sequence[str]) -> Callable[[str], list[list[str]]]:
    """Return a function from text to labels that caches nothing."""
    ids = {word: i for i, word in enumerate(words, start=FIRST)}
    ((_, model),) = classifier.members

    def predict(text: str) -> list[list[str]]:
        rows = [[ids.get(word, UNKNOWN) for word in tokenize(text)[:64]] or [UNKNOWN]]
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        logits_NK = np.empty((1, len(classifier.labels)), np.float32)
        ids_NL = np.zeros((1, len(rows[order[-1]])), np.int32)
        for n, i in enumerate(order):
            ids_NL[n, : len(rows[i])] = rows[i]
        logits_NK[order] = model.session.run(None, {"ids": ids_NL})[0]
        with np.errstate(over="ignore"):
            _ = 1 / (1 + np.exp(-logits_NK / np.float32(classifier.temperature)))
        return [
            [label for label, holds in zip(classifier.labels, holds_K, strict=True) if holds]
            for holds_K in logits_NK >= classifier.cuts_K
        ]

    return predict


def medians(verbs: Sequence[Callable[[str], object]], texts: Sequence[str]) -> list[float]:
    """Median microseconds of each, text by text in turn: what slows one slows all."""
    times: list[list[int]] = [[] for _ in verbs]
    for text in texts:
        for verb, spent in zip(verbs, times, strict=True):
            start = time.perf_counter_ns()
            verb(text)
            spent.append(time.perf_counter_ns() - start)
    return [float(np.median(spent)) / 1e3 for spent in times]


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """One text in, its labels out."""

    name: ClassVar[str] = "serving"

    dim: int = 50
    calls: int = 5000
    seed: int = 0

    @property
    def title(self) -> str:
        """Heading of the table."""
        return f"serving: one text at a time, {self.dim} dimensions, float32"

    def check(self) -> None:
        """Nothing is needed but what emoray needs."""

    def measure(self) -> tuple[BenchmarkFigure, ...]:
        """Time a short text again and again, then the sample's test texts.

        An artifact that has read the train texts sees each test text for the first time.

        Returns:
            Medians in microseconds, and ratios.
        """
        corpus = read_splits(sample().folder, name="sample", taxonomy=EKMAN)
        words = sorted({word for text in corpus.train.texts for word in tokenize(text)})
        classifier = made_classifier(words, self.dim, self.seed)
        ((reader, model),) = classifier.members
        for text in corpus.train.texts:
            reader.ids(text)

        def alone(text: str) -> object:
            return model.session.run(None, feeds[text])

        every = [SHORT, *corpus.test.texts]
        feeds = {text: {"ids": np.array([reader.read(text).ids], np.int32)} for text in every}
        reader.forget()
        for text in corpus.train.texts:
            reader.ids(text)
        before = uncached(classifier, words)
        verbs = (lambda text: classifier([text]), before, alone)
        medians(verbs, [SHORT] * 200)
        whole, plain, bare = medians(verbs, [SHORT] * self.calls)
        real, real_plain, real_bare = medians(verbs, corpus.test.texts)
        return (
            BenchmarkFigure(name="a short text, the model alone", ours=bare, unit="µs"),
            less_is_better(
                "a short text, text in, labels out", ours=whole, theirs=plain, unit="µs"
            ),
            BenchmarkFigure(
                name="what is added to the model, in times the model",
                ours=(whole - bare) / bare,
                unit="",
                goal=AtMost(2),
            ),
            BenchmarkFigure(name="the same, afresh", ours=(plain - bare) / bare, unit=""),
            BenchmarkFigure(name="real texts, the model alone", ours=real_bare, unit="µs"),
            less_is_better(
                "real texts, text in, labels out", ours=real, theirs=real_plain, unit="µs"
            ),
        )
