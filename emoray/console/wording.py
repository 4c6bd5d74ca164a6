"""Numbers and choices in plain words."""

import math
import re
from typing import Any, Protocol

NAMES = {
    "goemotions": "GoEmotions",
    "ekman": "Ekman",
    "sentiment": "Sentiment",
    "own": "Own labels",
}
RULES = {
    "argmax": "the most probable label",
    "one": "one threshold for all labels",
    "per_label": "one threshold per label",
}


class PointValues(Protocol):
    """A row of `points`, its values by column."""

    def __getitem__(self, column: str) -> Any: ...


def size(count: float) -> str:
    """Bytes as people say them, in powers of ten."""
    return f"{count / 1e6:.2f} MB" if count >= 1e6 else f"{count / 1e3:.0f} KB"


def score_words(row: PointValues) -> str:
    """Test macro-F1 with its interval."""
    interval = f"[{row['test_macro_f1_low']:.3f}, {row['test_macro_f1_high']:.3f}]"
    return f"{row['test_macro_f1']:.3f} {interval}"


def milliseconds(value: float | None) -> str:
    """A latency, or that there is none."""
    if value is None or math.isnan(value):
        return "not measured"
    return f"{value:.3g} ms" if value >= 1 else f"{value * 1000:.0f} µs"


def seconds(value: float) -> str:
    """A duration as people say it."""
    if value < 120:
        return f"{value:.0f} s"
    return f"{value / 60:.1f} min" if value < 7200 else f"{value / 3600:.1f} h"


def signed(number: float) -> str:
    """Two digits behind the point and a sign that is as wide as a plus."""
    return f"{number:+.2f}".replace("-", "\N{MINUS SIGN}")


def rule(name: str) -> str:
    """A threshold rule by its short name."""
    if fixed := re.fullmatch(r"fixed([\d.]+)", name):
        return f"{fixed[1]} for every label"
    if shrunk := re.fullmatch(r"per_label_s(\d+)", name):
        return f"one threshold per label, rare labels shrunk ({shrunk[1]})"
    return RULES.get(name, name)


def thresholds_anew(name: str) -> str:
    """How a compressed row came to its thresholds, by their rule's short name."""
    if name.startswith("fixed"):
        return f"at the same threshold, {rule(name)}"
    return f"thresholds found anew on dev ({rule(name)})"


def count(number: int, noun: str) -> str:
    """`1 row`, `2,000 rows`."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def bits(row: PointValues) -> str:
    """What precision a row has, dense weights and embedding."""
    dense, table = (
        "float" if b == 32 else f"{b}-bit" for b in (row["bits"], row["embedding_bits"])
    )
    return dense if dense == table else f"{dense} weights, {table} embedding"


def built(row: PointValues) -> str:
    """One line that says what the model is."""
    if row["family"] == "ensemble":
        return f"ensemble of {count(int(row['models']), 'model')}, {bits(row)}"
    hidden = count(int(row["layers"]), "hidden layer") if row["layers"] else "no hidden layer"
    return f"{row['family']}, {row['embedding_dim']}-d vectors, {hidden}, {bits(row)}"
