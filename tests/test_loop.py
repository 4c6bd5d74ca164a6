"""README's round from a sweep to production and back, run as it stands there."""

import csv
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from emoray.releases.history import releases_of
from emoray.tables import load
from tests.cluster.head import free_port

ROOT = Path(__file__).parent.parent
SECTION = re.compile(r"^## From a sweep to production, and back\n(.*?)^## ", re.M | re.S)
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)
SENTIMENTS = {  # of GoEmotions' 28 labels, as the embedded sample numbers them
    "positive": {0, 1, 4, 5, 8, 13, 15, 17, 18, 20, 21, 23},
    "negative": {2, 3, 9, 10, 11, 12, 14, 16, 19, 24, 25},
    "ambiguous": {6, 7, 22, 26},
}
TEXTS = 400


def commands() -> str:
    (section,) = SECTION.findall((ROOT / "README.md").read_text("utf-8"))
    (block,) = BLOCK.findall(section)
    return str(block)


def write_traffic(folder: Path) -> None:
    """Texts of the sample as what comes in, every second one with its labels."""
    sample = (ROOT / "emoray/data/sample/train.tsv").read_text("utf-8").splitlines()[:TEXTS]
    rows = [line.split("\t")[:2] for line in sample]
    with (folder / "comments.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("text",), *((text,) for text, _ in rows)])
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "labels"))
        for text, ids in rows[::2]:
            found = {int(i) for i in ids.split(",")}
            names = [name for name, among in SENTIMENTS.items() if found & among]
            writer.writerow((text, ",".join(names or ["neutral"])))


@pytest.mark.long
def test_the_round_of_the_readme_runs_as_it_stands(tmp_path: Path) -> None:
    write_traffic(tmp_path)
    script = commands().replace(":8000", f":{(port := free_port())}")
    script = script.replace("jobs.serve ", f"jobs.serve --port {port} ")
    assert script.count(str(port)) == 2
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("EMORAY_")},
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(tmp_path),
    }
    process = subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = process.communicate(timeout=550)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, said

    ab = load(tmp_path / "results/ab-requests").table("ab").iloc[-1]
    assert (ab["design"], ab["texts"], ab["labelled"]) == ("shadow", TEXTS, TEXTS // 2)
    drift = load(tmp_path / "results/monitor-requests").table("drift")
    assert drift.groupby("window")["texts"].first().tolist() == [100] * (TEXTS // 100)
    added, promoted, other, forced, back = releases_of(tmp_path / "models/feelings")
    assert added.artifact == promoted.artifact == back.artifact == ab["before"]
    assert other.artifact == forced.artifact == ab["after"]
    assert promoted.aliases == back.aliases == {"production": added.artifact}
    (again,) = (tmp_path / "results").glob("smoke-labels")
    assert len(load(again).points)
