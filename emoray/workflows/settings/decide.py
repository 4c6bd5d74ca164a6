"""Settings of `jobs.decide`."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from emoray.options import Option
from emoray.storage.location import Place


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeDecision:
    """Which artifact, and one of: a decision, a calibration, undo or redo, or the history."""

    artifact: Annotated[Place, Option(help="Folder of the artifact, of either family.")]
    temperature: Annotated[
        float | None,
        Option(
            help="Logits are divided by it before the sigmoid. Alone it changes probabilities and "
            "no label: thresholds move along."
        ),
    ] = None
    thresholds: Annotated[
        tuple[str, ...],
        Option(
            names=("--threshold",),
            help="Probability from which a label is given: **0.4** for all labels, **joy=0.4** for "
            "one; repeatable. Labels not named keep deciding as they do.",
        ),
    ] = ()
    taxonomy: Annotated[
        str | None,
        Option(
            help="Of --threshold and --temperature: a taxonomy that was derived for the artifact.  "
            "[default: its own labels; with --from what was calibrated]"
        ),
    ] = None
    source: Annotated[
        Place | None,
        Option(names=("--from",), help="calibration.parquet of jobs.calibrate on this very model."),
    ] = None
    rule: Annotated[
        str | None,
        Option(
            help="With --from: **fixed0.5**, **one**, **per_label** or **per_label_s20**, at the "
            "fitted temperature.  [default: what the calibration chose]"
        ),
    ] = None
    undo: Annotated[
        bool,
        Option(names=("--undo",), help="Back to the decision that the current one was made on."),
    ] = False
    redo: Annotated[bool, Option(names=("--redo",), help="Take the last --undo back.")] = False
    to: Annotated[
        int | None, Option(least=0, help="Go to the decision of that number in --list.")
    ] = None
    history: Annotated[
        bool,
        Option(
            names=("--list", "--history"),
            help="List every decision the artifact ever had, with scores where they are known.",
        ),
    ] = False

    def __post_init__(self) -> None:
        given = self.temperature is not None or bool(self.thresholds)
        moves = [self.undo, self.redo, self.to is not None]
        ways = [given, self.source is not None, *moves, self.history]
        if sum(ways) != 1:
            raise ValueError(
                "a decision comes one way, --temperature and --threshold, or --from, or --undo, "
                f"--redo or --to, or --list, got {sum(ways) or 'none'} of them: choose one"
            )
        if self.rule is not None and self.source is None:
            raise ValueError(f"--rule picks a row of --from, got {self.rule!r} without: add --from")
        if self.taxonomy is not None and not given:
            raise ValueError(
                f"--taxonomy says whose thresholds change, got {self.taxonomy!r} without any: add "
                "--threshold or --temperature, or leave it out"
            )
        if self.temperature is not None and not 0 < self.temperature < math.inf:
            raise ValueError(
                f"temperature must be finite and above 0, got {self.temperature}: 1 leaves logits "
                "alone"
            )
        if not isinstance(self.artifact, Path) and not self.history:
            raise ValueError(
                f"a decision is changed in a local folder, where two files change in one moment, "
                f"got {self.artifact}: copy the artifact here, decide, and copy it to a new place"
            )
