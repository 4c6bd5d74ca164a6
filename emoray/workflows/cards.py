"""The card of an artifact, from its row of a table."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emoray.artifact.card import put_card

OWN = (
    *("run", "point", "model", "family", "scheme", "corpus", "corpus_sha256", "taxonomy", "name"),
    *("artifact_sha256", "recipe", "vectors", "temperature", "threshold_rule"),
    *("checkpoint", "checkpoint_sha256"),
)
SCORES = (
    *("dev_macro_f1", "test_macro_f1", "test_micro_f1", "test_precision", "test_recall"),
    *("dev_ece", "test_ece", "test_brier", "test_nll", "change", "max_logit_error"),
)
TIMES = ("latency_p50_ms", "latency_p95_ms", "model_p50_ms", "model_p95_ms", "threads")


def card_of(row: Mapping[str, Any], **facts: Any) -> dict[str, Any]:
    """Collect the columns of a row that a card has, as far as this row has them.

    Args:
        row: of any table.
        facts: further values, such as the processor (`cpu`) of its times.

    Returns:
        The card, ready for JSON.
    """
    known = {**row, **facts}
    scores: dict[str, Any] = {}
    for name in SCORES:
        if name in known:
            value = known[name]
            ends = [known.get(f"{name}_{end}") for end in ("low", "high")]
            scores[name] = (
                {"value": value, "low": ends[0], "high": ends[1], "interval": "95 %"}
                if None not in ends
                else {"value": value}
            )
    times = {name: known[name] for name in (*TIMES, "cpu") if name in known}
    return {
        **{name: known[name] for name in OWN if name in known and known[name] != ""},
        "scores": scores,
        "latency": times,
    }


def give_card(folder: Path, row: Mapping[str, Any], **facts: Any) -> None:
    """Write the card of a row's artifact to its folder."""
    put_card(folder, card_of(row, **facts))
