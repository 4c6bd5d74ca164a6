"""The last window as a file for Prometheus: its node exporter's textfile collector reads it."""

from collections.abc import Sequence
from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile

from emoray.tables.drift_rows import DriftRow


def write_prometheus(rows: Sequence[DriftRow], path: Path, *, artifact: str, now: float) -> None:
    """Write `emoray_monitor_*` of the last window, whole or not at all.

    Args:
        rows: of all windows.
        path: of the file, which is replaced.
        artifact: SHA-256 of the artifact that is watched.
        now: seconds since 1970.
    """
    registry = CollectorRegistry()
    names = ["artifact", "label", "measure"]
    value = Gauge("emoray_monitor_value", "In the last window.", names, registry=registry)
    reference = Gauge("emoray_monitor_reference", "In the reference.", names, registry=registry)
    alarm = Gauge(
        "emoray_monitor_alarm",
        "1 where the measure has changed beyond chance and margin.",
        names,
        registry=registry,
    )
    texts = Gauge(
        "emoray_monitor_window_texts", "Texts of the last window.", names[:1], registry=registry
    )
    window = Gauge(
        "emoray_monitor_windows", "Windows of the log so far.", names[:1], registry=registry
    )
    run = Gauge(
        "emoray_monitor_last_run_timestamp_seconds",
        "When the log was last looked at.",
        names[:1],
        registry=registry,
    )
    last = max(row.window for row in rows)
    for row in rows:
        if row.window != last:
            continue
        labels = (artifact, row.label, row.measure)
        value.labels(*labels).set(row.value)
        if row.reference is not None:
            reference.labels(*labels).set(row.reference)
        if row.since is not None:
            alarm.labels(*labels).set(row.alarm)
    texts.labels(artifact).set(max(row.texts for row in rows if row.window == last))
    window.labels(artifact).set(last + 1)
    run.labels(artifact).set(now)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_to_textfile(str(path), registry)
