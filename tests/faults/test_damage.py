"""Bytes flipped, files cut short and files gone, anywhere: the same command heals them."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from emoray.tables.parts import part_files
from tests.faults.conftest import Ledger
from tests.faults.tolls import assert_as_if_nothing_had_happened, toll
from tests.runs import Run, swept


def flip(path: Path) -> None:
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def empty(path: Path) -> None:
    path.write_bytes(b"")


# In each run of the tests tests/storage/store/test_local.py damages single stages.
pytestmark = pytest.mark.faults

Damage = Callable[[Path], None]
# What is damaged in the store: the n-th stage of a name, a file of it.
STAGES: list[tuple[str, int, str, Damage]] = [
    ("tokenize", 0, "train.npy", cut_short),
    ("train", 0, "manifest.json", cut_short),
    ("train", 1, "trainings.parquet", cut_short),
    ("embed", 0, "vectors.npz", flip),
    ("score", 0, "logits.npz", cut_short),
    ("score", 1, "logits.npz", Path.unlink),
    ("score", 2, "manifest.json", empty),
    ("compress", 0, "artifact/model.onnx", cut_short),
    ("compress", 1, "artifact/labels.json", Path.unlink),
    ("decide", 0, "points.parquet", flip),
    ("decide", 1, "labels.parquet", Path.unlink),
    ("decide", 2, "manifest.json", Path.unlink),
    ("clock", 0, "latency.parquet", cut_short),
]


@dataclass(frozen=True, kw_only=True)
class Story:
    """What was damaged, and the run after the same command."""

    damaged: set[str]
    healed: Run


@pytest.fixture(scope="module")
def story(smoke: Run, tmp_path_factory: pytest.TempPathFactory) -> Story:
    out = tmp_path_factory.mktemp("damage") / "out"
    shutil.copytree(smoke.sweep.out, out)
    run = replace(smoke, sweep=replace(smoke.sweep, out=out))
    damaged = set()
    for stage, n, name, damage in STAGES:
        folder = sorted((run.sweep.store_place / "stages" / stage).iterdir())[n]
        damage(next(folder.glob(name)))
        damaged.add(folder.name)
    flip(run.folder / "points.parquet")
    cut_short(run.folder / "labels.parquet")
    (run.folder / "layers.parquet").unlink()
    for table, damage in (("points", flip), ("surface", cut_short), ("layers", Path.unlink)):
        damage(next(iter(part_files(run.folder, table))))
    shipped = sorted((run.folder / "artifacts").iterdir())
    flip(shipped[0] / "model.onnx")
    (shipped[-1] / "decision.json").unlink()
    return Story(damaged=damaged, healed=swept(run.sweep))


def test_the_same_command_heals_every_kind_of_damage(
    story: Story, smoke: Run, ledger: Ledger
) -> None:
    assert_as_if_nothing_had_happened(story.healed, smoke)
    ledger("files damaged, then the same command", len(STAGES) + 8, toll(story.healed, smoke))


def test_artifacts_are_whole_again(story: Story, smoke: Run) -> None:
    for name in {p.name for p in (smoke.folder / "artifacts").iterdir()} & {
        p.name for p in (story.healed.folder / "artifacts").iterdir()
    }:
        for path in (smoke.folder / "artifacts" / name).iterdir():
            twin = story.healed.folder / "artifacts" / name / path.name
            told = path.name == "card.json"  # which tells times, another run's others
            assert told or twin.read_bytes() == path.read_bytes()


def test_what_was_damaged_and_is_needed_was_set_aside_and_nothing_else_made(
    story: Story, smoke: Run
) -> None:
    new = story.healed.journal[len(smoke.journal) :]
    aside = {e["key"] for e in new if e["event"] == "set_aside"}
    assert aside <= story.damaged
    assert {e["key"] for e in new if e["event"] == "made"} == aside, "each was made again, once"
    needed = {key for key in story.damaged if key.split("-")[0] in ("train", "decide", "clock")}
    assert needed <= aside
