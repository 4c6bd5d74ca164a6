"""Settings of `jobs.monitor`."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from emoray.data.options import RunOptions
from emoray.monitoring.margins import ALPHA, Margins
from emoray.options import Group, Option
from emoray.storage.location import name_of, place_of

if TYPE_CHECKING:  # heavy
    from emoray.monitoring.windows import WindowRule

FIRST = re.compile(r"first:(\d+)")


@dataclass(frozen=True, kw_only=True)
class Monitor(RunOptions):
    """Which log is held against which reference, window by window."""

    USUAL_NAME: ClassVar[str] = "monitor-LOG"

    log: Annotated[
        str,
        Option(
            help="What the artifact answered: the log of `python -m jobs.serve … --log PLACE`, or "
            "an output of jobs.predict. A folder, a file or a quoted pattern, s3://… too."
        ),
    ]
    reference: Annotated[
        str,
        Option(
            help="What it is held against, of the same artifact: **an artifact** (a folder, "
            "s3://…, model:NAME@ALIAS), which scores dev of its corpus, best; **a run**, whose "
            "kept predictions are of test; **scored texts**, an output of jobs.predict or an "
            "earlier log; or **first:N**, the first N windows of the log itself."
        ),
    ]
    window: Annotated[
        str,
        Option(
            help="`1d`, `6h`, `30m`, `2w` by each text's own time, UTC; `'2000 texts'` or `file` "
            "where times are missing."
        ),
    ] = "1d"
    labels: Annotated[
        str | None,
        Option(
            help="Labels that came in: columns text_sha256 (or text) and labels, as Parquet, CSV, "
            "TSV or JSON lines. They show what F1 was earned, and whether probabilities still hold."
        ),
    ] = None
    artifact: Annotated[
        str | None,
        Option(
            help="Whose texts are watched: an artifact's folder, model:NAME@ALIAS, or the first "
            "digits of its SHA-256.  [default: the only one that answers in the log]"
        ),
    ] = None
    any_artifact: Annotated[
        bool,
        Option(
            names=("--any-artifact",),
            help="Take a reference of another artifact, as to see what a new one changes.",
        ),
    ] = False
    alpha: Annotated[
        float,
        Option(
            names=("--false-alarms",),
            help="Part of all logs without drift that may ever raise an alarm, all labels, "
            "measures, windows and looks counted in.",
        ),
    ] = ALPHA
    margins: Annotated[Margins, Group()] = field(default_factory=Margins)
    prometheus: Annotated[
        Path | None,
        Option(
            help="Write figures of the last window there too, for the textfile collector of "
            "Prometheus' node exporter: a name that ends in .prom."
        ),
    ] = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.alpha < 1:
            raise ValueError(
                f"false alarms are a part in (0, 1), got {self.alpha:g}: {ALPHA:g} is customary"
            )
        if self.prometheus is not None and self.prometheus.suffix != ".prom":
            raise ValueError(
                f"the textfile collector reads names that end in .prom, got {self.prometheus}: "
                f"name it {self.prometheus.with_suffix('.prom')}"
            )
        if (found := FIRST.fullmatch(self.reference)) and not int(found[1]):
            raise ValueError("windows of a reference are counted from 1, got first:0: try first:7")
        _ = self.rule

    @property
    def rule(self) -> "WindowRule":
        """How the log is cut."""
        from emoray.monitoring.windows import window_rule

        return window_rule(self.window)

    @property
    def first_windows(self) -> int | None:
        """How many windows of the log are the reference; None for another reference."""
        found = FIRST.fullmatch(self.reference)
        return int(found[1]) if found else None

    @property
    def usual_name(self) -> str:
        """Default name of the run's folder."""
        return f"monitor-{name_of(place_of(self.log.rstrip('/*')))}"
