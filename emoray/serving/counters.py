"""What a service counts, as Prometheus reads it: every name begins with `emoray_`.

Sums are kept as plain numbers, and become Prometheus' when they are asked for: an answer costs a
few additions. Shapes: N texts, K labels.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from emoray.serving.engine import SHADOW, Engine, Scored

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
OF_MODEL = ("artifact", "role")  # what tells the models of one service apart
OF_TEXTS = {
    "texts": "Texts that were classified.",
    "tokens": "Token ids read.",
    "truncated_texts": "Texts whose end was cut off.",
    "unknown_share": (
        "Shares of words without an id of their own, summed over texts: divide by texts."
    ),
}
OF_LABELS = {
    "positives": "Texts given the label.",
    "probability": "Probabilities of the label, summed over texts: divide by texts.",
}


def _names(engine: Engine) -> tuple[str, str]:
    return engine.sha256, engine.role


@dataclass(slots=True, eq=False)
class _Sums:
    """Of one artifact that answers."""

    engine: Engine
    of_texts: dict[str, float] = field(init=False)
    of_labels: dict[str, np.ndarray] = field(init=False)

    def __post_init__(self) -> None:
        self.of_texts = dict.fromkeys(OF_TEXTS, 0)
        self.of_labels = {name: np.zeros(len(self.engine.labels)) for name in OF_LABELS}

    def add(self, scored: Scored) -> None:
        readings, sums = scored.readings, self.of_texts
        sums["texts"] += len(readings)
        for reading in readings:
            sums["tokens"] += len(reading.ids)
            sums["truncated_texts"] += reading.truncated
            sums["unknown_share"] += reading.unknown_share
        self.of_labels["positives"] += scored.decided_NK.sum(axis=0)
        self.of_labels["probability"] += scored.probabilities_NK.sum(axis=0)


class _Exposed(Collector):
    """The sums as Prometheus' counters; a label that never came is 0, not absent."""

    def __init__(self, sums: Sequence[_Sums]) -> None:
        self._sums = sums

    def collect(self) -> Iterator[Metric]:
        for name, words in OF_TEXTS.items():
            family = CounterMetricFamily(f"emoray_{name}", words, labels=OF_MODEL)
            for one in self._sums:
                family.add_metric(_names(one.engine), one.of_texts[name])
            yield family
        for name, words in OF_LABELS.items():
            family = CounterMetricFamily(f"emoray_{name}", words, labels=(*OF_MODEL, "label"))
            for one in self._sums:
                for label, value in zip(one.engine.labels, one.of_labels[name], strict=True):
                    family.add_metric((*_names(one.engine), label), float(value))
            yield family


class Counters:
    """The counters of one service.

    Args:
        engines: every artifact that is loaded, with its role.
        queue: how many requests are at work or wait.
    """

    def __init__(self, engines: Sequence[Engine], *, queue: Callable[[], int]) -> None:
        self._registry = registry = CollectorRegistry()
        self.requests = Counter(
            "emoray_requests", "Requests to /predict, by HTTP status.", ["code"], registry=registry
        )
        seconds = Histogram(
            "emoray_request_seconds",
            "From the whole body to the answer, of requests that were answered.",
            OF_MODEL,
            buckets=SECONDS,
            registry=registry,
        )
        model_seconds = Histogram(
            "emoray_model_seconds",
            "Of tokenizer and model, a request.",
            OF_MODEL,
            buckets=SECONDS,
            registry=registry,
        )
        Gauge("emoray_queue", "Requests at work or waiting.", registry=registry).set_function(queue)
        answering = [engine for engine in engines if engine.role != SHADOW]
        self._sums = {engine: _Sums(engine) for engine in answering}
        self._seconds = {
            engine: (seconds.labels(*_names(engine)), model_seconds.labels(*_names(engine)))
            for engine in answering
        }
        registry.register(_Exposed(list(self._sums.values())))
        self._changed = Gauge(
            "emoray_artifact_changed",
            "1 where another artifact stands now where this one was loaded from.",
            OF_MODEL,
            registry=registry,
        )
        self.log_lost = Counter(
            "emoray_log_lost", "Rows that the request log could not keep.", registry=registry
        )
        self.log_failed = Counter(
            "emoray_log_failed",
            "Times that a file of the request log could not be taken to where the log lies.",
            registry=registry,
        )
        self.log_waiting = Gauge(
            "emoray_log_waiting",
            "Files of the request log that are kept here until that succeeds.",
            registry=registry,
        )
        model = Gauge("emoray_model_info", "What is served.", OF_MODEL, registry=registry)
        for engine in engines:
            model.labels(*_names(engine)).set(1)
            self._changed.labels(*_names(engine))
        self.shadow_texts = Counter(
            "emoray_shadow_texts", "Texts that the shadow scored.", registry=registry
        )
        self.shadow_flips = Counter(
            "emoray_shadow_flips",
            "Texts on whose label the shadow decides otherwise.",
            ["label"],
            registry=registry,
        )
        self.shadow_skipped = Counter(
            "emoray_shadow_skipped", "Requests that the shadow had no time for.", registry=registry
        )
        for label in answering[0].labels:
            self.shadow_flips.labels(label)

    def count(self, engine: Engine, scored: Scored, seconds: float) -> None:
        """Count the texts of one request, which took so many seconds."""
        whole, model = self._seconds[engine]
        whole.observe(seconds)
        model.observe(scored.seconds)
        self._sums[engine].add(scored)

    def count_shadow(self, engine: Engine, scored: Scored, shadow: Engine, found: Scored) -> None:
        """Count where the shadow differs from what was answered."""
        self.shadow_texts.inc(len(found.readings))
        for label, held_N in zip(shadow.labels, found.decided_NK.T, strict=True):
            if label in engine.labels:
                served_N = scored.decided_NK[:, engine.labels.index(label)]
                if flips := int((held_N != served_N).sum()):
                    self.shadow_flips.labels(label).inc(flips)

    def changed(self, engine: Engine, *, now: bool) -> None:
        """Whether another artifact stands where this one was loaded from."""
        self._changed.labels(*_names(engine)).set(int(now))

    def exposed(self) -> bytes:
        """All of them, in Prometheus' text format."""
        return generate_latest(self._registry)
