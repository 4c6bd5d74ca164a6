"""What a service counts, as Prometheus reads it: every name begins with `emoray_`."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from emoray.serving.engine import Engine, Scored

SECONDS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Counters:
    """The counters of one service."""

    def __init__(self, engine: Engine, *, shadow: Engine | None = None) -> None:
        self._registry = registry = CollectorRegistry()
        self._labels = list(engine.classifier.labels)
        self.requests = Counter(
            "emoray_requests", "Requests to /predict, by HTTP status.", ["code"], registry=registry
        )
        self.seconds = Histogram(
            "emoray_request_seconds",
            "From the whole body to the answer, of requests that were answered.",
            buckets=SECONDS,
            registry=registry,
        )
        self.model_seconds = Histogram(
            "emoray_model_seconds",
            "Of tokenizer and model, a request.",
            buckets=SECONDS,
            registry=registry,
        )
        queue = Gauge("emoray_queue", "Requests at work or waiting.", registry=registry)
        queue.set_function(lambda: engine.at_work)
        self.texts = Counter("emoray_texts", "Texts that were classified.", registry=registry)
        self.tokens = Counter("emoray_tokens", "Token ids read.", registry=registry)
        self.truncated = Counter(
            "emoray_truncated_texts", "Texts whose end was cut off.", registry=registry
        )
        self.unknown = Counter(
            "emoray_unknown_share",
            "Shares of words without an id of their own, summed over texts: divide by texts.",
            registry=registry,
        )
        self.positives = Counter(
            "emoray_positives", "Texts given the label.", ["label"], registry=registry
        )
        self.probability = Counter(
            "emoray_probability",
            "Probabilities of the label, summed over texts: divide by texts.",
            ["label"],
            registry=registry,
        )
        self.changed = Gauge(
            "emoray_artifact_changed",
            "1 where the artifact's folder holds another one now than is served.",
            registry=registry,
        )
        self.log_lost = Counter(
            "emoray_log_lost", "Rows that the request log could not keep.", registry=registry
        )
        model = Gauge(
            "emoray_model_info", "What is served.", ["artifact_sha256", "role"], registry=registry
        )
        model.labels(engine.sha256, "primary").set(1)
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
        if shadow is not None:
            model.labels(shadow.sha256, "shadow").set(1)
        for label in self._labels:  # a label that never came is 0, not absent
            for counter in (self.positives, self.probability, self.shadow_flips):
                counter.labels(label)

    def count(self, scored: Scored) -> None:
        """Count the texts of one request."""
        self.model_seconds.observe(scored.seconds)
        self.texts.inc(len(scored.readings))
        self.tokens.inc(sum(len(reading.ids) for reading in scored.readings))
        self.truncated.inc(sum(reading.truncated for reading in scored.readings))
        self.unknown.inc(sum(reading.unknown_share for reading in scored.readings))
        held_K = scored.decided_NK.sum(axis=0).tolist()
        summed_K = scored.probabilities_NK.sum(axis=0).tolist()
        for label, held, summed in zip(self._labels, held_K, summed_K, strict=True):
            if held:
                self.positives.labels(label).inc(held)
            self.probability.labels(label).inc(summed)

    def count_shadow(self, scored: Scored, shadow: Scored, labels: list[str]) -> None:
        """Count where the shadow differs; labels: its own, in its own order."""
        self.shadow_texts.inc(len(scored.readings))
        for label, held_N in zip(labels, shadow.decided_NK.T, strict=True):
            if label in self._labels:
                served_N = scored.decided_NK[:, self._labels.index(label)]
                if flips := int((held_N != served_N).sum()):
                    self.shadow_flips.labels(label).inc(flips)

    def exposed(self) -> bytes:
        """All of them, in Prometheus' text format."""
        return generate_latest(self._registry)
