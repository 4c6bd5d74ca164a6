"""How long one text takes."""

import altair as alt
import pandas as pd

from emoray.console.wording import milliseconds
from emoray.report.style import BLUE, GREY, ReportFigure, csv_of
from emoray.tables.front import Pick

TITLE = "Latency"
BASELINE = "baseline"
SHARES = {"p5": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}


def spreads(latency: pd.DataFrame, chosen: dict[str, Pick]) -> pd.DataFrame:
    """Quantiles of the raw samples of each picked model and the baseline, at the fewest threads."""
    names: dict[str, list[str]] = {BASELINE: [BASELINE]}
    for name, pick in chosen.items():
        names.setdefault(pick.row["model"], []).append(name)
    samples = latency[latency["model"].isin(names)]
    fewest = samples.groupby("model")["threads"].transform("min")
    groups = samples[samples["threads"] == fewest].groupby("model")
    table = pd.DataFrame({n: groups["milliseconds"].quantile(q) for n, q in SHARES.items()})
    table["samples"], table["threads"] = groups.size(), groups["threads"].first()
    table["name"] = [", ".join(names[m]) for m in table.index]
    return table.reset_index().sort_values(["p50", "name"])


def latency_figure(latency: pd.DataFrame, chosen: dict[str, Pick], prefix: str) -> ReportFigure:
    """Draw boxes of the raw samples, fastest first."""
    name = f"{prefix}-latency"
    missing = "Latency was not measured for the picked rows."
    if latency.empty:
        return ReportFigure(name=name, title=TITLE, missing=missing)
    table = spreads(latency, chosen)
    if table.empty or set(table["model"]) == {BASELINE}:
        return ReportFigure(name=name, title=TITLE, missing=missing)
    table["words"] = table["p50"].map(milliseconds)
    table["mine"] = table["model"] != BASELINE
    axis = alt.Axis(grid=False, ticks=False, domain=False, labelLimit=170)
    y = alt.Y("name:N", sort=list(table["name"]), title=None, axis=axis)
    x = alt.X(
        "p5:Q",
        title="milliseconds a text (log)",
        scale=alt.Scale(type="log", nice=False, padding=24),
    )
    colour = alt.condition("datum.mine", alt.value(BLUE), alt.value(GREY))
    tooltip = [alt.Tooltip(f"{n}:Q", title=f"{n}, ms", format=".4g") for n in SHARES]
    tooltip += [alt.Tooltip("samples:Q", format=",d"), alt.Tooltip("threads:Q")]
    base = alt.Chart(csv_of(table.drop(columns="model"), 5)).encode(y=y, tooltip=tooltip)
    whisker = base.mark_rule(strokeWidth=1.4).encode(x=x, x2="p95:Q", color=colour)
    box = base.mark_bar(height=20, opacity=0.9, cornerRadius=2).encode(
        x=alt.X("p25:Q"), x2="p75:Q", color=colour
    )
    middle = base.mark_tick(color="#ffffff", thickness=2, height=20).encode(x=alt.X("p50:Q"))
    text = base.mark_text(style="word", dy=-19).encode(x=alt.X("p50:Q"), text="words:N")
    first = latency.iloc[0]
    caption = (
        f"One text at a time, batch 1, {table['threads'].iloc[0]} thread, measured alone and "
        f"interleaved, "
        f"{table['samples'].iloc[0]:,} calls each, real texts in their real lengths, text in, "
        f"labels out. "
        f"Box: middle half; line: 5th to 95th percentile; number: median. "
        f"{first['cpu']} ({first['instruction_sets']}). The baseline is the run's first model."
    )
    panel = alt.layer(whisker, box, middle, text).properties(height=58 * len(table))
    return ReportFigure(name=name, title=TITLE, caption=caption, panels=(panel,))
