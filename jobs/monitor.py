"""Watch a log for drift, and for what F1 is to be expected, without labels."""

from emoray.workflows.settings.monitor import Monitor
from jobs.console import Job

app = Job()


@app.command(
    Monitor,
    epilog="Examples:  \n"
    "`python -m jobs.monitor --log requests --reference my-model` — a window a day, beside dev as "
    "the artifact scores it  \n"
    "`python -m jobs.monitor --log requests --reference first:7 --prometheus "
    "/var/lib/node_exporter/emoray.prom` — beside the log's own first week  \n"
    "`python -m jobs.monitor --log 'scored/*.parquet' --window '2000 texts' --reference last-month "
    "--labels labelled.csv` — outputs of jobs.predict, and labels that came in",
)
def monitor(settings: Monitor) -> None:
    """Watch a log window by window, beside a reference: drift, and the F1 to be expected.

    Of each label: share of positives, mean probability, distribution of logits, and precision,
    recall and F1 as calibrated probabilities promise them. Of all texts: unknown words, truncated
    texts, lengths, latency, the mix of labels. With labels that came in also the F1 that was
    earned, beside the promised one.

    A change is an alarm when it is beyond its margin and beyond chance. Chance counts every label,
    measure, window and look, and that the reference is a sample: of logs without drift at most
    5 % ever raise an alarm, however long they are and however often one looks.

    Exit code 0 without alarms; 1 with one line on stderr for each measure that has changed. Leaves
    drift.parquet and drift.html in OUT/NAME.
    """
    from emoray.workflows.monitor.monitor import run_monitor

    raise SystemExit(1 if run_monitor(settings).alarms else 0)


if __name__ == "__main__":
    app()
