"""Which rows are on the Pareto front, and which of them to pick.

Shapes: N rows, M costs. The front and every pick are chosen on dev; test is only reported. Every
pick is a row of the front.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from emoray.console import wording

WITHIN = 0.01  # one point of macro-F1
BASELINE = "baseline"  # the family of rows that are only compared: never on the front, never picked


def _front_of_two(costs_U2: np.ndarray) -> np.ndarray:
    """Unique rows, sorted: a row stands if it beats all before it on the second cost."""
    second_U = costs_U2[:, 1]
    best_before_U = np.minimum.accumulate(second_U)[:-1]
    return np.concatenate([[True], second_U[1:] < best_before_U])


def _front_of_many(costs_UM: np.ndarray) -> np.ndarray:
    """Unique rows, sorted: the first one left is never dominated, and sweeps the rest."""
    mask_U = np.zeros(len(costs_UM), bool)
    left = np.arange(len(costs_UM))
    while left.size:
        mask_U[left[0]] = True
        beaten = (costs_UM[left] >= costs_UM[left[0]]).all(axis=1)
        left = left[~beaten]
    return mask_U


def pareto_mask(costs_NM: np.ndarray) -> np.ndarray:
    """True where no row dominates it. Lower is better in each column; equal rows are all kept."""
    costs_NM = np.asarray(costs_NM)
    if costs_NM.ndim != 2 or costs_NM.shape[1] == 0:
        raise ValueError(f"costs are rows x columns, got shape {costs_NM.shape}: stack the columns")
    if np.isnan(costs_NM).any():
        raise ValueError(
            f"costs must be numbers, got NaN in {int(np.isnan(costs_NM).any(axis=1).sum())} rows: "
            "drop failed rows before asking for the front"
        )
    if len(costs_NM) == 0:
        return np.zeros(0, bool)
    order_N = np.lexsort(costs_NM.T[::-1])
    sorted_NM = costs_NM[order_N]
    new_N = np.concatenate([[True], (sorted_NM[1:] != sorted_NM[:-1]).any(axis=1)])
    unique_UM = sorted_NM[new_N]
    front_U = _front_of_two(unique_UM) if costs_NM.shape[1] == 2 else _front_of_many(unique_UM)
    mask_N = np.empty(len(costs_NM), bool)
    mask_N[order_N] = front_U[np.cumsum(new_N) - 1]
    return mask_N


def may_stand(points: pd.DataFrame) -> pd.Series:
    """Rows that can be chosen at all: scored ones that are no baseline."""
    return points["dev_macro_f1"].notna() & (points["family"] != BASELINE)


def on_front(points: pd.DataFrame) -> np.ndarray:
    """True where no row of the same corpus and taxonomy has more dev macro-F1 in fewer bytes."""
    front_N = np.zeros(len(points), bool)
    groups = points.groupby(["corpus", "taxonomy"], sort=False).indices
    for rows in groups.values():
        part = points.iloc[rows]
        scored = may_stand(part).to_numpy()
        costs = part.loc[scored, ["size_bytes", "dev_macro_f1"]].to_numpy(float) * [1, -1]
        front_N[rows[scored]] = pareto_mask(costs)
    return front_N


def preferred(points: pd.DataFrame, *, by_score: bool) -> pd.DataFrame:
    """Sort rows by preference.

    Ties go to a temperature fitted on dev, as its probabilities mean more, then to the id.

    Args:
        points: rows of `points`.
        by_score: by dev score, then bytes; else by bytes, then dev score.

    Returns:
        The same rows, the preferred first.
    """
    keys = pd.DataFrame(
        {
            "score": -points["dev_macro_f1"],
            "size_bytes": points["size_bytes"],
            "given": points["temperature_rule"] != "fitted",
            "point": points["point"],
        }
    )
    first = ["score", "size_bytes"] if by_score else ["size_bytes", "score"]
    return points.loc[keys.sort_values([*first, "given", "point"]).index]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A row worth shipping, and why in plain words."""

    name: str
    row: pd.Series
    reason: str

    @property
    def sentence(self) -> str:
        """The reason, then the row's size, latency and score."""
        latency = self.row["latency_p50_ms"]
        speed = "" if pd.isna(latency) else f", {wording.milliseconds(latency)} a text"
        cost = f"{wording.size(self.row['size_bytes'])}{speed}"
        return f"{self.reason}: test macro-F1 {wording.score_words(self.row)} in {cost}."


def picks(points: pd.DataFrame) -> dict[str, Pick]:
    """Pick `best`, `smallest within 1 point` of it and, where timed, `fastest within 1 point`.

    All are rows of the front, chosen on dev.

    Args:
        points: all of one corpus and taxonomy.

    Returns:
        Picks by name: `best`, `smallest within 1 point`, `fastest`; none where no row has a score.

    Raises:
        ValueError: the points have several corpora or taxonomies.
    """
    kinds = points[["corpus", "taxonomy"]].drop_duplicates()
    if len(kinds) > 1:
        raise ValueError(
            f"picks compares rows of one corpus and taxonomy, got {kinds.to_numpy().tolist()}: "
            "filter the points first"
        )
    front = points[on_front(points)]
    if front.empty:
        return {}
    best = preferred(front, by_score=True).iloc[0]
    near = front[front["dev_macro_f1"] >= best["dev_macro_f1"] - WITHIN]
    smallest = preferred(near, by_score=False).iloc[0]
    share = smallest["size_bytes"] / best["size_bytes"]
    found = {
        "best": (best, "The highest cross-fitted dev macro-F1"),
        "smallest within 1 point": (
            smallest,
            f"The fewest bytes within 1 point of the best on dev: {share:.0%} of its size",
        ),
    }
    timed = near[near["latency_p50_ms"].notna()]
    if len(timed):
        fastest = timed[timed["latency_p50_ms"] == timed["latency_p50_ms"].min()]
        models = wording.count(timed["model"].nunique(), "timed model")
        found["fastest"] = (
            preferred(fastest, by_score=True).iloc[0],
            f"The lowest median latency of {models} of the front within 1 point of the best on dev",
        )
    return {n: Pick(name=n, row=row, reason=reason) for n, (row, reason) in found.items()}
