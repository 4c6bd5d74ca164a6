"""The artifact behind LitServe: `python litserve_service.py ARTIFACT PORT`.

`classifier.py` beside this file is the artifact's own runtime.
"""

import sys
from typing import Any

import litserve  # type: ignore[import-not-found]
from classifier import load  # type: ignore[import-not-found]

WAITS_S = 120  # longer than any request of the benchmark waits


class Emotions(litserve.LitAPI):
    """Labels of texts, as LitServe's guide writes an API."""

    def setup(self, device: str) -> None:
        """Load the artifact."""
        self.classifier = load(sys.argv[1])

    def decode_request(self, request: dict[str, list[str]]) -> list[str]:
        """The texts."""
        return request["texts"]

    def predict(self, texts: list[str]) -> list[dict[str, Any]]:
        """Labels and probabilities of each."""
        return [found._asdict() for found in self.classifier.stream(texts)]

    def encode_response(self, found: list[dict[str, Any]]) -> dict[str, Any]:
        """The answer."""
        return {"predictions": found}


if __name__ == "__main__":
    litserve.LitServer(Emotions(), accelerator="cpu", workers_per_device=1, timeout=WAITS_S).run(
        host="127.0.0.1",
        port=int(sys.argv[2]),
        num_api_servers=1,
        generate_client_file=False,
        log_level="error",
    )
