"""The artifact behind BentoML: `python -m bentoml serve bentoml_service:Emotions`.

EMORAY_ARTIFACT is the artifact's folder; `classifier.py` beside this file is its own runtime.
"""

import os
from typing import Any

import bentoml  # type: ignore[import-not-found]
from classifier import load  # type: ignore[import-not-found]

AT_ONCE = 2  # requests: one is answered, one waits, as emoray has it; others get 429
WAITS_S = 120


@bentoml.service(workers=1, traffic={"max_concurrency": AT_ONCE, "timeout": WAITS_S})
class Emotions:
    """Labels of texts, as BentoML's guide writes a service."""

    def __init__(self) -> None:
        self.classifier = load(os.environ["EMORAY_ARTIFACT"])

    @bentoml.api
    def predict(self, texts: list[str]) -> dict[str, Any]:
        """Labels and probabilities of each."""
        return {"predictions": [found._asdict() for found in self.classifier.stream(texts)]}
