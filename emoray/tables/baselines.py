"""Baselines that a search is compared with: they need no search, and show when one is broken."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from emoray.console import wording
from emoray.tables.front import BASELINE, may_stand

STRONGEST = "tf-idf + logistic regression"  # the one that a search must beat


def without_baselines(points: pd.DataFrame) -> pd.DataFrame:
    """The rows without the baselines."""
    return points[points["family"] != BASELINE]


def baseline_name(row: Mapping[str, Any] | pd.Series) -> str:
    """A baseline's own name: its recipe without the taxonomy."""
    return str(row["recipe"]).removeprefix(f"{row['taxonomy']} ")


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineComparison:
    """The baselines of one corpus and taxonomy, weakest first, and the best row on dev, if any."""

    rows: tuple[pd.Series, ...]
    best: pd.Series | None

    @classmethod
    def of(cls, points: pd.DataFrame) -> "BaselineComparison":
        """Collect from the points of one corpus and taxonomy, baselines among them."""
        own = points[points["family"] == BASELINE].sort_values(["dev_macro_f1", "recipe"])
        kept = points[may_stand(points)]
        order = kept.sort_values(["dev_macro_f1", "point"], ascending=[False, True])
        return cls(
            rows=tuple(row for _, row in own.iterrows()),
            best=None if order.empty else order.iloc[0],
        )

    @property
    def table(self) -> list[tuple[str, str, str, str, str, str]]:
        """Cells of each baseline: name, dev, test, the best row's lead on test, size, latency."""
        return [
            (
                baseline_name(row),
                f"{row['dev_macro_f1']:.4f}",
                wording.score_words(row),
                self._ahead(row, "test"),
                wording.size(row["size_bytes"]),
                wording.milliseconds(row["latency_p50_ms"]),
            )
            for row in self.rows
        ]

    def _ahead(self, row: pd.Series, split: str) -> str:
        """How far the best row is above a baseline, as a share, signed."""
        if self.best is None:
            return ""
        ahead = self.best[f"{split}_macro_f1"] - row[f"{split}_macro_f1"]
        return f"{ahead:+.4f}".replace("-", "\N{MINUS SIGN}")

    @property
    def sentence(self) -> str:
        """How far above the strongest of them the best row is; empty where one is missing."""
        strongest = next((row for row in self.rows if baseline_name(row) == STRONGEST), None)
        if strongest is None or self.best is None:
            return ""
        return (
            f"the best row on dev is {self._ahead(strongest, 'test')} from {STRONGEST} in test "
            f"macro-F1, {self._ahead(strongest, 'dev')} on dev"
        )

    @property
    def warning(self) -> str:
        """What to do where the best row does not beat the strongest; empty where it does."""
        strongest = next((row for row in self.rows if baseline_name(row) == STRONGEST), None)
        if strongest is None or self.best is None:
            return ""
        mine, theirs = self.best["dev_macro_f1"], strongest["dev_macro_f1"]
        if mine > theirs:
            return ""
        return (
            f"no row is better than {STRONGEST} on dev, {mine:.4f} against {theirs:.4f}: look at "
            "the corpus and at the space before anything is shipped"
        )
