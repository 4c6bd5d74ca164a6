"""What a calibration of one finished artifact changes: reliability, and label by label."""

from collections.abc import Sequence
from pathlib import Path

import altair as alt
import pandas as pd

from emoray.report.decision import reliability_figure
from emoray.report.style import BLUE, GREY, ReportFigure, csv_of, save_png, specs_of
from emoray.tables.files import read_table
from emoray.tables.finished_rows import CalibrationLabelRow, CalibrationRow
from emoray.tables.rows import ReliabilityRow

TITLE = "Label by label, before and after"


def _arrows(
    labels: pd.DataFrame, measure: str, title: list[str], order: Sequence[str]
) -> alt.LayerChart:
    """Draw a line from the value before to the value after for each label, a dot at each end."""
    before, after = f"{measure}_before", measure
    y = alt.Y("label:N", sort=list(order), title=None, axis=alt.Axis(grid=False, ticks=False))
    data = csv_of(labels[["label", "support", before, after]])
    base = alt.Chart(data).encode(
        y=y,
        tooltip=[
            alt.Tooltip("label:N"),
            alt.Tooltip("support:Q", format=",d"),
            alt.Tooltip(f"{before}:Q", title="before", format=".4f"),
            alt.Tooltip(f"{after}:Q", title="after", format=".4f"),
        ],
    )
    x = alt.X(f"{before}:Q", title=title, scale=alt.Scale(zero=True))
    span = base.mark_rule(strokeWidth=2, opacity=0.5).encode(x=x, x2=f"{after}:Q")
    was = base.mark_circle(size=60, color=GREY, opacity=1).encode(x=x)
    now = base.mark_circle(size=90, color=BLUE, opacity=1).encode(x=f"{after}:Q")
    return alt.layer(span, was, now).properties(height=max(22 * len(labels), 110))


def labels_change_figure(labels: pd.DataFrame, decision: str) -> ReportFigure:
    """Draw F1, threshold and calibration error of each label: grey before, blue under `decision`.

    Args:
        labels: the rows of one decision.
        decision: its name, for the caption.

    Returns:
        Three panels side by side, labels by F1 from high to low; a sentence where there are none.
    """
    if labels.empty:
        return ReportFigure(
            name="labels", title=TITLE, missing=f"No labels of {decision} were recorded."
        )
    order = labels.sort_values(["f1", "label"], ascending=[False, True])["label"].tolist()
    parts = (("f1", "F1 on test"), ("threshold", "threshold"), ("ece", "ECE on test"))
    legend = "grey: as it stands, blue: calibrated"
    return ReportFigure(
        name="labels",
        title=TITLE,
        caption=f"Grey: the artifact as it stands. Blue: {decision}.",
        panels=tuple(_arrows(labels, m, [title, legend], order) for m, title in parts),
        columns=3,
    )


def draw_calibration(folder: Path) -> list[Path]:
    """Draw a calibration's tables: `figures/reliability.png` and `figures/labels.png`."""
    folder = Path(folder)
    rows = read_table(folder / "calibration.parquet", CalibrationRow).to_pandas()
    labels = read_table(folder / "calibration_labels.parquet", CalibrationLabelRow).to_pandas()
    bins = read_table(folder / "reliability.parquet", ReliabilityRow).to_pandas()
    own = rows[rows["decision"] == "saved"].iloc[0]
    chosen = rows[rows["chosen"]].iloc[0]
    named = {own["temperature"]: f"as it stands, temperature {own['temperature']:.3f}"}
    named.setdefault(chosen["temperature"], f"fitted, temperature {chosen['temperature']:.3f}")
    figures = (
        reliability_figure(bins, "calibration", named),
        labels_change_figure(labels[labels["decision"] == chosen["decision"]], chosen["decision"]),
    )
    drawn = [(figure, specs_of(figure)) for figure in figures]
    return [save_png(figure, specs, folder / "figures") for figure, specs in drawn if specs]
