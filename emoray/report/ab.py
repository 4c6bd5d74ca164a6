"""The page of `jobs.ab`: how F1 moved as texts came, flips label by label, latency."""

from dataclasses import dataclass
from pathlib import Path

import altair as alt
import pandas as pd

from emoray.metrics.change import BETTER, EQUIVALENT, WORSE
from emoray.report.job_page import JobPage, PageCell, PageColumn, PageTable, write_job_page
from emoray.report.style import BLUE, GREY, ORANGE, ReportFigure, csv_of
from emoray.tables.ab_rows import AbLabelRow, AbLatencyRow, AbLookRow
from emoray.tables.files import read_table

GREEN = "#009E73"
COLOUR = {BETTER: BLUE, WORSE: ORANGE, EQUIVALENT: GREEN, "undecided": GREY}
ROW, LEAST = 24, 120  # pixels
MOST_CUT = 0.15  # of moments, whose interval may reach beyond the picture
PAGE = "ab.html"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveWords:
    """What the page says: the verdict, sentences that follow, warnings, and notes on the texts."""

    verdict: str
    sentences: tuple[str, ...]
    warnings: tuple[str, ...]
    notes: tuple[str, ...]


def _zero() -> alt.Chart:
    return (
        alt.Chart(csv_of(pd.DataFrame({"zero": [0.0]})))
        .mark_rule(style="ink", strokeDash=[3, 3], opacity=0.6)
        .encode(y="zero:Q")
    )


def change_figure(looks: pd.DataFrame) -> ReportFigure:
    """Draw the change of macro-F1 with its confidence sequence, over labelled texts."""
    name, title = "change", "The change of macro-F1 as labelled texts came"
    known = looks[looks["change"].notna()]
    if known.empty:
        missing = "No text has a true label yet: bring labels in with --labels."
        return ReportFigure(name=name, title=title, missing=missing)
    frame = pd.DataFrame(
        {
            "texts": known["labelled"],
            **{
                short: 100 * known[column]
                for short, column in (
                    ("change", "change"),
                    ("low", "low"),
                    ("high", "high"),
                    ("narrow_low", "equivalence_low"),
                    ("narrow_high", "equivalence_high"),
                )
            },
            "verdict": known["verdict"],
            "time": known["time"].fillna(""),
        }
    )
    # What is known of the first texts is everything from −100 to 100 points: it is cut off.
    given = frame[(frame["low"] > -100) & (frame["high"] < 100)]
    shown = given if len(given) else frame.tail(1)
    margin = 100 * float(known["margin"].iloc[-1])
    # The widest intervals, of the first moments, would hide the others: they are cut off.
    low = min(-2 * margin, float(shown["low"].quantile(MOST_CUT)))
    high = max(2 * margin, float(shown["high"].quantile(1 - MOST_CUT)))
    y = alt.Y(
        "low:Q",
        title="change of macro-F1, points",
        scale=alt.Scale(domain=[low, high], clamp=True),
    )
    x = alt.X("texts:Q", title="labelled texts (log)", scale=alt.Scale(type="log", nice=False))
    base = alt.Chart(csv_of(shown, 6)).encode(x=x)
    band = pd.DataFrame({"low": [-margin], "high": [margin]})
    around = alt.Chart(csv_of(band)).mark_rect(color=GREY, opacity=0.18).encode(y=y, y2="high:Q")
    wide = base.mark_area(color=BLUE, opacity=0.16, clip=True).encode(y=y, y2="high:Q")
    narrow = base.mark_area(color=BLUE, opacity=0.22, clip=True).encode(
        y=alt.Y("narrow_low:Q"), y2="narrow_high:Q"
    )
    line = base.mark_line(color=BLUE, strokeWidth=2, clip=True).encode(y=alt.Y("change:Q"))
    there = [v for v in COLOUR if v in set(shown["verdict"])]
    colour = alt.Color(
        "verdict:N",
        scale=alt.Scale(domain=there, range=[COLOUR[v] for v in there]),
        legend=alt.Legend(title="verdict at that moment", direction="horizontal"),
    )
    dots = base.mark_circle(size=46, opacity=1, clip=True).encode(
        y=alt.Y("change:Q"),
        color=colour,
        tooltip=[
            alt.Tooltip("texts:Q", title="labelled texts", format=",d"),
            alt.Tooltip("time:N"),
            alt.Tooltip("change:Q", format="+.2f"),
            alt.Tooltip("low:Q", title="95 % from", format="+.2f"),
            alt.Tooltip("high:Q", title="to", format="+.2f"),
            alt.Tooltip("verdict:N"),
        ],
    )
    caption = (
        "Points of macro-F1 gained by the artifact that is compared. Pale: the 95 % confidence "
        "sequence, dark: the 90 % one of equivalence; they hold at all moments together. Grey "
        f"band: the margin of ±{margin:g}. Drawn from the moment on at which an interval can be "
        "given."
    )
    panel = alt.layer(around, wide, narrow, _zero(), line, dots).properties(height=320)
    return ReportFigure(name=name, title=title, caption=caption, panels=(panel,))


def _forest(frame: pd.DataFrame, order: list[str], title: str) -> alt.LayerChart:
    """A dot and its interval for each `row`, in the colour of its `side`."""
    y = alt.Y("row:N", sort=order, title=None, axis=alt.Axis(ticks=False, labelLimit=220))
    there = [s for s in ("more", "less", "unclear") if s in set(frame["side"])]
    ink = {"more": BLUE, "less": ORANGE, "unclear": GREY}
    colour = alt.Color(
        "side:N",
        scale=alt.Scale(domain=there, range=[ink[s] for s in there]),
        legend=None,
    )
    base = alt.Chart(csv_of(frame, 5)).encode(y=y, color=colour)
    zero = alt.Chart(csv_of(pd.DataFrame({"zero": [0.0]})))
    x = alt.X("change:Q", title=title)
    layers = (
        zero.mark_rule(style="ink", strokeDash=[3, 3], opacity=0.6).encode(x="zero:Q"),
        base.mark_rule(strokeWidth=1.6).encode(x=alt.X("low:Q", title=title), x2="high:Q"),
        base.mark_circle(size=70, opacity=1).encode(
            x=x,
            tooltip=[alt.Tooltip("row:N", title="label"), alt.Tooltip("change:Q", format="+.2f")],
        ),
    )
    return alt.layer(*layers).properties(height=max(ROW * len(order), LEAST))


def _sided(frame: pd.DataFrame) -> pd.DataFrame:
    side = frame["low"].gt(0).map({True: "more", False: "unclear"})
    return frame.assign(side=side.mask(frame["high"] < 0, "less"))


def _in_points(rows: pd.DataFrame, start: str) -> pd.DataFrame:
    ends = {end: 100 * rows[f"{start}_{end}"] for end in ("change", "low", "high")}
    return _sided(pd.DataFrame({"row": rows["label"], **ends}))


def labels_figure(rows: pd.DataFrame) -> ReportFigure:
    """Draw each label's change of share, and of F1 where there are labels."""
    ordered = rows.sort_values("rate_change", ascending=False)
    order = ordered["label"].tolist()
    panels = [_forest(_in_points(ordered, "rate"), order, "share of texts with the label, points")]
    # Labels with too few texts have an interval of everything, which would hide the others.
    known = ordered[ordered["f1_low"].gt(-1) & ordered["f1_high"].lt(1)]
    if len(known):
        names = [n for n in order if n in set(known["label"])]
        panels.append(_forest(_in_points(known, "f1"), names, "F1 of the label, points"))
    return ReportFigure(
        name="labels",
        title="Label by label",
        caption="What the artifact that is compared gives more often (blue) or less often "
        "(orange), and where its F1 rises or falls; grey: not shown. Intervals hold for all labels "
        "and moments together. Of F1, labels with too few texts are left out.",
        panels=tuple(panels),
        columns=2,
    )


def flips_figure(rows: pd.DataFrame, texts: int) -> ReportFigure:
    """Draw in how many texts each label was gained and lost."""
    name, title = "flips", "Flips"
    if rows["gained"].isna().any():
        missing = "Traffic was split: no text was answered by both artifacts, so none can flip."
        return ReportFigure(name=name, title=title, missing=missing)
    ordered = rows.assign(flips=rows["gained"] + rows["lost"]).sort_values("flips", ascending=False)
    parts = []
    for side, sign in (("gained", 1), ("lost", -1)):
        columns = {"share": side, "low": f"{side}_low", "high": f"{side}_high"}
        found = pd.DataFrame({"row": ordered["label"], "direction": side})
        for new, column in columns.items():
            scale = 100.0 * sign / (max(texts, 1) if new == "share" else 1)
            found[new] = scale * ordered[column].astype(float)
        parts.append(found)
    frame = pd.concat(parts)
    y = alt.Y(
        "row:N",
        sort=ordered["label"].tolist(),
        title=None,
        axis=alt.Axis(ticks=False, labelLimit=220),
    )
    colour = alt.Color(
        "direction:N",
        scale=alt.Scale(domain=["gained", "lost"], range=[BLUE, ORANGE]),
        legend=alt.Legend(title="label", direction="horizontal"),
    )
    base = alt.Chart(csv_of(frame, 5)).encode(y=y, color=colour)
    title_x = "texts, in % of all: lost to the left, gained to the right"
    bar = base.mark_bar(height=12, opacity=0.75).encode(x=alt.X("share:Q", title=title_x))
    span = base.mark_rule(strokeWidth=1.4).encode(x=alt.X("low:Q", title=title_x), x2="high:Q")
    panel = alt.layer(bar, span).properties(height=max(ROW * len(ordered), LEAST))
    caption = (
        "Texts that one artifact gave the label and the other did not, with exact 95 % confidence "
        "sequences for all labels together."
    )
    return ReportFigure(name=name, title=title, caption=caption, panels=(panel,))


def latency_of_both(latency: pd.DataFrame) -> ReportFigure:
    """Draw median and 99th percentile of both artifacts."""
    name, title = "latency", "Latency"
    sides = latency[latency["side"] != "ratio"]
    if sides.empty:
        return ReportFigure(name=name, title=title, missing="The answers tell no times.")
    frame = sides[["side", "p50_ms", "p99_ms"]]
    y = alt.Y("side:N", sort=["before", "after"], title=None, axis=alt.Axis(ticks=False))
    x = alt.X(
        "p50_ms:Q",
        title="milliseconds a text (log): median to 99th percentile",
        scale=alt.Scale(type="log", nice=False, padding=24),
    )
    base = alt.Chart(csv_of(frame, 5)).encode(y=y)
    line = base.mark_rule(color=BLUE, strokeWidth=4, opacity=0.5).encode(x=x, x2="p99_ms:Q")
    dot = base.mark_circle(color=BLUE, size=110, opacity=1).encode(x=x)
    end = base.mark_tick(color=BLUE, thickness=3, height=16).encode(x=alt.X("p99_ms:Q"))
    caption = "The time of a request in the model and its tokenizer, in equal shares of its texts."
    ratio = latency[latency["side"] == "ratio"]
    if len(ratio):
        one = ratio.iloc[0]
        caption += (
            f" After over before: ×{one['ratio']:.4g}, always-valid 95 % interval "
            f"×{one['ratio_low']:.4g} to ×{one['ratio_high']:.4g}."
        )
    panel = alt.layer(line, dot, end).properties(height=110)
    return ReportFigure(name=name, title=title, caption=caption, panels=(panel,))


def _number(value: float | None, form: str, scale: float = 1.0) -> PageCell:
    if value is None or pd.isna(value):
        return PageCell(shown="", key="")
    return PageCell(shown=format(scale * value, form).replace("-", "−"), key=float(value))


def _labels_table(rows: pd.DataFrame) -> PageTable:
    columns = {
        "rate_before": ("before, %", ".2f", 100.0),
        "rate_after": ("after, %", ".2f", 100.0),
        "rate_change": ("change", "+.2f", 100.0),
        "rate_low": ("95 % from", "+.2f", 100.0),
        "rate_high": ("to", "+.2f", 100.0),
        "rate_p": ("p", ".2g", 1.0),
        "agreement": ("agree, %", ".2f", 100.0),
        "gained": ("gained", ",.0f", 1.0),
        "lost": ("lost", ",.0f", 1.0),
        "support": ("labelled", ",.0f", 1.0),
        "f1_before": ("F1 before", ".3f", 1.0),
        "f1_after": ("F1 after", ".3f", 1.0),
        "f1_change": ("F1 change", "+.2f", 100.0),
        "f1_low": ("95 % from", "+.2f", 100.0),
        "f1_high": ("to", "+.2f", 100.0),
    }
    there = {n: told for n, told in columns.items() if rows[n].notna().any()}
    return PageTable(
        name="labels-table",
        title="Every label",
        hint="Shares of texts in percent, changes in points; p after Benjamini and Hochberg over "
        "labels, valid at every moment.",
        columns=(
            PageColumn(title="label", number=False),
            *(PageColumn(title=title) for title, _, _ in there.values()),
        ),
        rows=tuple(
            (
                PageCell(shown=row["label"], key=row["label"]),
                *(_number(row[n], form, scale) for n, (_, form, scale) in there.items()),
            )
            for row in rows.to_dict("records")
        ),
    )


def _facts(now: pd.Series) -> tuple[tuple[str, str], ...]:
    how = {"shadow": "both artifacts answered each text", "split": "each text went to one of them"}
    facts = [
        ("before", now["before"]),
        ("after", now["after"]),
        ("design", f"{now['design']}: {how[now['design']]}"),
        ("texts", f"{now['texts']:,} different ones"),
        ("labelled", f"{now['labelled']:,}"),
        ("planned", f"intervals are narrowest at {now['planned']:,} labelled texts"),
    ]
    if now["time"]:
        facts.append(("until", now["time"]))
    return tuple(facts)


def write_live_page(folder: Path, words: LiveWords) -> Path:
    """Draw the tables of `jobs.ab` in a folder as `ab.html` and `figures/*.png`.

    Args:
        folder: local.
        words: what the page says.

    Returns:
        The page.
    """
    looks = read_table(folder / "ab.parquet", AbLookRow).to_pandas()
    labels = read_table(folder / "ab_labels.parquet", AbLabelRow).to_pandas()
    latency = read_table(folder / "ab_latency.parquet", AbLatencyRow).to_pandas()
    now = looks.iloc[-1]
    page = JobPage(
        kicker="two artifacts on live traffic",
        title=f"{now['before'][:12]} → {now['after'][:12]}",
        result=words.verdict,
        sentences=words.sentences,
        warnings=words.warnings,
        figures=(
            change_figure(looks),
            labels_figure(labels),
            flips_figure(labels, int(now["texts"])),
            latency_of_both(latency),
        ),
        tables=(_labels_table(labels),),
        facts=_facts(now),
        notes=words.notes,
    )
    return write_job_page(page, folder / PAGE)
