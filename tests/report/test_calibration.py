from pathlib import Path

import pandas as pd
import pytest

from emoray.report.calibration import draw_calibration, labels_change_figure
from emoray.report.decision import reliability_figure
from emoray.report.style import specs_of

BINS = pd.DataFrame(
    {
        "model": "m",
        "temperature": [2.0, 2.0, 1.3, 1.3],
        "bin_low": [0.0, 0.5] * 2,
        "bin_high": [0.5, 1.0] * 2,
        "decisions": [90, 10] * 2,
        "probability": [0.1, 0.8, 0.2, 0.7],
        "observed": [0.12, 0.6, 0.19, 0.7],
    }
)
NAMED = {2.0: "as it stands", 1.3: "fitted"}


def test_both_temperatures_are_drawn_by_their_names_the_one_before_first() -> None:
    figure = reliability_figure(BINS, "calibration", NAMED)
    assert "as it stands: 0.0380; fitted: 0.0090" in figure.caption
    colour = specs_of(figure)[0]["layer"][1]["encoding"]["color"]
    assert colour["scale"]["domain"] == ["as it stands", "fitted"]


def test_labels_stand_best_first_with_both_ends() -> None:
    measures = {
        f"{m}{end}": [0.2, 0.4] for m in ("f1", "threshold", "ece") for end in ("", "_before")
    }
    labels = pd.DataFrame({"label": ["fear", "joy"], "support": [5, 9], **measures})
    figure = labels_change_figure(labels, "per_label t=fitted")
    panels = specs_of(figure)
    assert len(panels) == 3
    assert panels[0]["layer"][0]["encoding"]["y"]["sort"] == ["joy", "fear"]
    assert "Blue: per_label t=fitted" in figure.caption


def test_no_labels_are_said_rather_than_drawn() -> None:
    figure = labels_change_figure(pd.DataFrame(), "one t=fitted")
    assert not figure.panels and "No labels of one t=fitted" in figure.missing


def test_a_folder_without_a_calibration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"a table of calibration rows must exist, .*calibration"):
        draw_calibration(tmp_path)
