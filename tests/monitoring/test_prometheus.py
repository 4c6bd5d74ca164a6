"""The last window for Prometheus."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from emoray.monitoring.prometheus import write_prometheus
from emoray.tables.drift_rows import DriftRow
from tests.tables.made import row

ARTIFACT = "a" * 64


def test_the_file_holds_the_last_window_and_is_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "emoray.prom"
    rows = [
        row(DriftRow, window=0, label="joy", measure="expected_f1", value=0.7, texts=90),
        row(
            DriftRow,
            window=1,
            label="joy",
            measure="expected_f1",
            value=0.4,
            since=0,
            alarm=True,
            texts=50,
        ),
        row(DriftRow, window=1, label="", measure="ece", value=0.1, reference=None, since=None),
    ]
    for _ in range(2):
        write_prometheus(rows, path, artifact=ARTIFACT, now=12.0)
    families = {f.name: f.samples for f in text_string_to_metric_families(path.read_text())}
    assert {(s.labels["label"], s.value) for s in families["emoray_monitor_value"]} == {
        ("joy", 0.4),
        ("", 0.1),
    }
    (alarm,) = families["emoray_monitor_alarm"]
    assert alarm.value == 1 and alarm.labels["artifact"] == ARTIFACT
    assert families["emoray_monitor_window_texts"][0].value == 50
    assert families["emoray_monitor_windows"][0].value == 2
    assert families["emoray_monitor_last_run_timestamp_seconds"][0].value == 12
    assert [p.name for p in path.parent.iterdir()] == ["emoray.prom"]
