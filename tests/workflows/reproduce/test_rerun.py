"""Verdicts on rows made again, and what a store's manifests say."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoray.storage.store.keys import key_of
from emoray.storage.store.opening import open_store
from emoray.workflows.reproduce.chain import Chain as Chained
from emoray.workflows.reproduce.chain import StoreCheck
from emoray.workflows.reproduce.rerun import BYTES, CALIBRATION, INVARIANCE, SCORES, RerunResult
from emoray.workflows.reproduce.verdict import TOLERANCE, group_verdicts
from tests.stages.chain import Chain

CUTS_K = np.array([0.1, -0.4, np.inf])


def row(**columns: Any) -> dict[str, Any]:
    numbers = dict.fromkeys((*SCORES, *CALIBRATION, *INVARIANCE), 0.5)
    return numbers | {"size_bytes": 1000, "artifact_sha256": "a" * 64} | columns


def again(cuts_K: np.ndarray = CUTS_K, **columns: Any) -> RerunResult:
    return RerunResult(columns=row(**columns), saved_cuts_K=CUTS_K, cuts_K=cuts_K)


def failing(found: RerunResult, *, same_machine: bool, **recorded: Any) -> list[str]:
    groups = group_verdicts(row(**recorded), found, same_machine=same_machine)
    return [group.name for group in groups if not group.holds]


def test_equal_figures_hold_anywhere() -> None:
    assert not failing(again(), same_machine=True) and not failing(again(), same_machine=False)
    assert set(BYTES) <= set(row())


def test_on_the_same_machine_the_last_digit_counts() -> None:
    found = again(test_macro_f1=np.nextafter(0.5, 1))
    assert failing(found, same_machine=True) == ["scores"]
    assert not failing(found, same_machine=False)


def test_elsewhere_a_score_may_move_by_the_tolerance_and_no_more() -> None:
    assert not failing(again(dev_macro_f1=0.5 + 0.9 * TOLERANCE), same_machine=False)
    assert failing(again(dev_macro_f1=0.5 + 1.1 * TOLERANCE), same_machine=False) == ["scores"]


def test_bytes_and_hashes_are_the_same_on_any_machine() -> None:
    for other in ({"size_bytes": 1001}, {"artifact_sha256": "b" * 64}):
        assert failing(again(**other), same_machine=False) == ["bytes"]


def test_thresholds_that_come_out_otherwise_are_named() -> None:
    moved = np.add(CUTS_K, [0.01, 0, 0])
    assert failing(again(moved), same_machine=True) == ["thresholds"]
    assert not failing(again(moved), same_machine=False)


def test_what_was_not_computed_again_is_not_held_against_the_row() -> None:
    assert not failing(again(dev_macro_f1=None), same_machine=True)
    found = again(batch_flips_share=0.1)
    assert failing(found, same_machine=True, batch_flips_share=None) == ["batches"]


STAGES = ("compress", "train", "encode", "embed", "tokenize", "score", "decide")


def copied(chain: Chain, store: Path) -> Path:
    """The chain's store without what other tests made of its models."""

    def others(folder: str, names: list[str]) -> list[str]:
        return [name for name in names if Path(folder).name == "stages" and name not in STAGES]

    return Path(shutil.copytree(chain.store.root, store, ignore=others))


def test_a_store_is_checked_down_to_the_words(chain: Chain, tmp_path: Path) -> None:
    key = key_of(chain.decided[1].compressed)
    found = StoreCheck(copied(chain, tmp_path / "store")).chain(key)
    assert {each.rsplit("-", 1)[0] for each in found.whole} == set(STAGES)
    assert found.is_whole and not found.gone and not found.damaged


def test_a_stage_that_changed_or_went_is_named(chain: Chain, tmp_path: Path) -> None:
    store = copied(chain, tmp_path / "store")
    compressed = chain.decided[1].compressed
    train = store / "stages" / "train" / key_of(compressed.trained)
    (train / "weights.npz").write_bytes(b"other")
    shutil.rmtree(store / "stages" / "tokenize")
    found = StoreCheck(store).chain(key_of(compressed))
    assert found.damaged == (train.name,) and not found.is_whole
    assert [key.rsplit("-", 1)[0] for key in found.gone] == ["tokenize"]


def _flipped(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)


@pytest.mark.parametrize("stage", ["tokenize", "encode", "embed", "train", "compress", "decide"])
def test_a_flipped_bit_is_found_in_every_file_of_a_stage_and_left_as_it_is(
    chain: Chain, tmp_path: Path, stage: str
) -> None:
    store = copied(chain, tmp_path / "store")
    key = key_of(chain.decided[1].compressed)
    whole = {each for each in StoreCheck(store).chain(key).whole if each.startswith(f"{stage}-")}
    folder = store / "stages" / stage / min(whole)  # of several with other decisions the first
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = file.read_bytes()
        _flipped(file)
        before = sorted(store.rglob("*"))
        if file.name != "manifest.json":
            assert StoreCheck(store).chain(key).damaged == (folder.name,), file
        assert sorted(store.rglob("*")) == before, "nothing is set aside by who only looks"
        file.write_bytes(content)


def test_a_manifest_that_says_nothing_is_damage(chain: Chain, tmp_path: Path) -> None:
    store = copied(chain, tmp_path / "store")
    key = key_of(chain.decided[1].compressed)
    score = next((store / "stages" / "score").iterdir())
    (score / "manifest.json").write_text("{")
    assert StoreCheck(store).chain(key).damaged == (score.name,)


def test_a_manifest_of_another_stage_is_damage(chain: Chain, tmp_path: Path) -> None:
    store = copied(chain, tmp_path / "store")
    one, other = (key_of(chain.decided[i].compressed) for i in (0, 1))
    compressed = store / "stages" / "compress"
    shutil.rmtree(compressed / one)
    shutil.copytree(compressed / other, compressed / one)
    assert StoreCheck(store).chain(one).damaged == (one,)


def test_where_there_is_no_store_nothing_is_made_and_nothing_is_whole(tmp_path: Path) -> None:
    found = StoreCheck(tmp_path / "none").chain("compress-0")
    assert found.gone == ("compress-0",) and not (tmp_path / "none").exists()
    assert not found.is_whole
    assert not Chained(whole=(), gone=(), damaged=()).is_whole, "no stage is no proof"


def test_a_store_that_is_only_read_must_be_there_and_stays_as_it_is(
    chain: Chain, tmp_path: Path
) -> None:
    with pytest.raises(
        ValueError, match=r"store to read from must be there, got none at .*--store"
    ):
        open_store(tmp_path / "none", reading=True)
    assert not (tmp_path / "none").exists()
    store = copied(chain, tmp_path / "store")
    (store / "stages" / "score" / key_of(chain.decided[0].scored) / "logits.npz").write_bytes(b"")
    before = sorted(store.rglob("*"))
    assert open_store(store, reading=True).find(chain.decided[0].scored) is None
    assert sorted(store.rglob("*")) == before


@pytest.mark.parametrize("columns", [1, 2])
def test_the_group_that_differs_most_is_named(columns: int) -> None:
    moved = dict.fromkeys(SCORES[:columns], 0.75)
    scores = next(iter(group_verdicts(row(), again(**moved), same_machine=True)))
    assert (scores.worst, scores.difference) == (SCORES[0], 0.25)
