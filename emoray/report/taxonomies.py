"""Trainings of several taxonomies: derived beside native, heads beside none, with intervals."""

import pandas as pd

from emoray.console.wording import rule, size
from emoray.metrics.change import EQUIVALENT
from emoray.report.comparing import forest, verdict_colour
from emoray.report.style import ReportFigure

TITLE = "Derived, native and joint"
DERIVED = "derived"  # column `what` of taxonomy_comparisons
POINTS = {  # columns of the table, drawn in points
    "change": "change",
    "low": "change_low",
    "high": "change_high",
    "narrow_low": "equivalence_low",
    "narrow_high": "equivalence_high",
}


def shown_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """The comparisons under the rule that serves what is compared with best on dev."""
    best = rows.groupby("threshold_rule")["dev_macro_f1_before"].mean().idxmax()
    return rows[rows["threshold_rule"] == best].sort_values(
        ["what", "after", "before_size_bytes"], ascending=[True, True, False], ignore_index=True
    )


def _heads(recipe: str) -> str:
    return " ".join(word for word in recipe.split() if word.startswith("+"))


def _names(rows: pd.DataFrame) -> list[str]:
    """What stands beside each row: derived or not, with which heads, under which scheme."""
    named = zip(rows["what"], rows["after"], rows["scheme"], strict=True)
    return [
        " ".join(
            word
            for word in (
                DERIVED if what == DERIVED else "",
                _heads(after),
                f"{scheme.partition('+emb:')[0]}",
            )
            if word
        )
        for what, after, scheme in named
    ]


def bytes_words(rows: pd.DataFrame, taxonomy: str) -> str:
    """What one artifact of all taxonomies takes, and one of each.

    Args:
        rows: derived ones, of all taxonomies.
        taxonomy: of the section: its smallest scheme is told.

    Returns:
        A sentence; empty where nothing is derived.
    """
    derived = rows[rows["what"] == DERIVED]
    own = derived[derived["taxonomy"] == taxonomy]
    if own.empty:
        return ""
    told = own.loc[own["after_size_bytes"].idxmin()]
    same = ["after", "scheme", "threshold_rule"]
    beside = derived[(derived[same] == told[same]).all(axis=1)]
    apart = told["own_size_bytes"] + beside["before_size_bytes"].sum()
    share = told["after_size_bytes"] / apart
    return (
        f" One artifact that decides in {len(beside) + 1} taxonomies takes "
        f"{size(told['after_size_bytes'])} at {told['scheme'].partition('+emb:')[0]}, one of each "
        f"{size(apart)}: {share:.0%}."
    )


def taxonomies_figure(every: pd.DataFrame, taxonomy: str, prefix: str) -> ReportFigure:
    """Draw each comparison of a taxonomy with its intervals; `every` has all taxonomies' rows."""
    rows = shown_rows(every[every["taxonomy"] == taxonomy])
    drawn = pd.DataFrame({name: 100 * rows[column] for name, column in POINTS.items()})
    drawn = drawn.assign(row=_names(rows), verdict=rows["verdict"])
    margin, seeds = float(rows["margin"].iloc[0]), int(rows["seeds"].min())
    equal = int((rows["verdict"] == EQUIVALENT).sum())
    caption = (
        f"Points of test macro-F1 gained on the same recipe trained on these labels alone, "
        f"{rule(rows['threshold_rule'].iloc[0])}, means over {seeds} seeds; thin lines: 95 % "
        "intervals over texts and seeds, thick: 90 %. "
        f"{equal} of {len(rows)} are shown to be equivalent within {100 * margin:g} points. "
        f"The two give other labels to {rows['test_contradictions_share'].min():.0%} to "
        f"{rows['test_contradictions_share'].max():.0%} of texts."
        f"{bytes_words(every, taxonomy)}"
    )
    panel = forest(
        drawn,
        drawn["row"].tolist(),
        f"macro-F1, points gained on native; grey band: margin of ±{100 * margin:g}",
        verdict_colour(legend=True),
        margin,
    )
    return ReportFigure(name=f"{prefix}-taxonomies", title=TITLE, caption=caption, panels=(panel,))
