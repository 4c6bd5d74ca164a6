"""Predictions that anyone saved, as operands."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from emoray.workflows.compare.operand import Operand, OperandLogits, SavedDecisions
from emoray.workflows.compare.saved import read_saved
from emoray.workflows.settings.compare import is_saved

NAMES = ("joy", "anger")
TRUTH = np.array([[1, 0], [0, 1], [1, 1], [0, 0]])
LOGITS = np.array([[2.0, -1.0], [0.5, 0.0], [-3.0, 4.0], [-0.1, -9.0]])


def arrays(path: Path, **parts: Any) -> Path:
    np.savez(path, **({"truth": TRUTH, "names": np.array(NAMES)} | parts))
    return path


def table(path: Path, kind: str, values_NK: np.ndarray, **columns: Any) -> Path:
    frame = pd.DataFrame(
        {"text": ["a", "b", "c", "d"]}
        | {f"truth:{name}": TRUTH[:, k] for k, name in enumerate(NAMES)}
        | {f"{kind}:{name}": values_NK[:, k] for k, name in reversed(list(enumerate(NAMES)))}
        | columns
    )
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path)
    return path


def test_arrays_and_columns_say_the_same(tmp_path: Path) -> None:
    files = (
        arrays(tmp_path / "a.npz", logits=LOGITS),
        table(tmp_path / "a.csv", "logit", LOGITS),
        table(tmp_path / "a.parquet", "logit", LOGITS),
    )
    for file in files:
        found = read_saved(file, "mine")
        assert (
            isinstance(found.predictions, OperandLogits)
            and found.labels == NAMES
            and found.name == "mine"
        )
        assert (found.predictions.logits_NK == LOGITS).all() and (
            found.predictions.cuts_K == 0
        ).all()
        assert (found.truth_NK == TRUTH).all() and found.origin == ""


@pytest.mark.parametrize("kind", [int, float, bool])
def test_decisions_are_read_as_they_are(kind: type, tmp_path: Path) -> None:
    decided_NK = (LOGITS > 0).astype(kind)
    for file in (
        arrays(tmp_path / "a.npz", decisions=decided_NK),
        table(tmp_path / "a.csv", "decision", decided_NK),
    ):
        said = read_saved(file, "a").predictions
        assert isinstance(said, SavedDecisions) and (said.decided_NK == (LOGITS > 0)).all()


def test_cuts_move_what_is_given(tmp_path: Path) -> None:
    said = read_saved(arrays(tmp_path / "a.npz", logits=LOGITS, cuts=[1.0, -2.0]), "a").predictions
    assert isinstance(said, OperandLogits) and said.cuts_K.tolist() == [1.0, -2.0]


def test_labels_are_put_in_the_order_of_the_first_operand(tmp_path: Path) -> None:
    first = read_saved(arrays(tmp_path / "a.npz", logits=LOGITS), "a")
    turned = {"truth": TRUTH[:, ::-1], "names": np.array(NAMES[::-1])}
    other = read_saved(
        arrays(tmp_path / "b.npz", logits=LOGITS[:, ::-1], cuts=[5.0, 7.0], **turned), "b"
    )
    assert other.labels == ("anger", "joy")
    like = other.like(first)
    assert isinstance(like.predictions, OperandLogits) and like.labels == NAMES
    assert (like.predictions.logits_NK == LOGITS).all() and like.predictions.cuts_K.tolist() == [
        7.0,
        5.0,
    ]


PROBS = np.array([[0.9, 0.2], [0.5, 0.4999], [0.0, 1.0], [0.3, 0.1]])
AS_LOGITS = np.array([[2.2, -1.4], [0.0, -0.1], [-99.0, 99.0], [-0.8, -2.2]])


def decided(operand: Operand) -> np.ndarray:
    if isinstance(operand.predictions, OperandLogits):
        return np.asarray(operand.predictions.logits_NK >= operand.predictions.cuts_K)
    return operand.predictions.decided_NK


def test_probabilities_decide_as_they_are_at_one_half_zero_and_one_too(tmp_path: Path) -> None:
    for file in (
        arrays(tmp_path / "a.npz", probabilities=PROBS),
        table(tmp_path / "a.csv", "probability", PROBS),
        table(tmp_path / "a.parquet", "probability", PROBS),
    ):
        assert (decided(read_saved(file, "a")) == (AS_LOGITS >= 0)).all()


def test_cuts_and_thresholds_come_from_columns_or_arrays_alike(tmp_path: Path) -> None:
    cuts, thresholds = (1.0, -2.0), (0.3, 1.0)
    cut = {f"cut:{name}": at for name, at in zip(NAMES, cuts, strict=True)}
    threshold = {f"threshold:{name}": at for name, at in zip(NAMES, thresholds, strict=True)}
    for files, wanted_NK in (
        (
            (
                arrays(tmp_path / "a.npz", logits=LOGITS, cuts=cuts),
                table(tmp_path / "a.csv", "logit", LOGITS, **cut),
            ),
            LOGITS >= np.array(cuts),
        ),
        (
            (
                arrays(tmp_path / "b.npz", logits=LOGITS, thresholds=thresholds),
                table(tmp_path / "b.csv", "logit", LOGITS, **threshold),
            ),
            LOGITS >= np.array([np.log(0.3 / 0.7), np.inf]),
        ),
        (
            (
                arrays(tmp_path / "c.npz", probabilities=PROBS, thresholds=thresholds),
                table(tmp_path / "c.csv", "probability", PROBS, **threshold),
            ),
            PROBS >= np.array(thresholds),
        ),
    ):
        for file in files:
            assert (decided(read_saved(file, "a")) == wanted_NK).all(), file


def test_a_probability_next_to_its_threshold_is_on_its_own_side(tmp_path: Path) -> None:
    at = 1e-3
    near_NK = np.array([[np.nextafter(at, 0), at], [at, np.nextafter(at, 1)]] * 2)
    said = read_saved(arrays(tmp_path / "a.npz", probabilities=near_NK, thresholds=[at, at]), "a")
    assert (decided(said) == (near_NK >= at)).all()
    assert decided(said).tolist()[0] == [False, True]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "nothing said": ({}, "either logits, probabilities or decisions, got names, truth"),
    "both": ({"logits": LOGITS, "decisions": TRUTH}, "either logits, probabilities or decisions"),
    "as logits": ({"logits": PROBS}, r"got all of them from 0 to 1, which look like probab.*NAME"),
    "ones as logits": ({"logits": TRUTH}, "look like probabilities: call them so"),
    "as probabilities": ({"probabilities": LOGITS}, r"lie in \[0, 1\], got 2.0 at text 0, label 0"),
    "no number": ({"probabilities": PROBS * np.nan}, "got nan at text 0.*: fill what is missing"),
    "percent": ({"probabilities": 100 * PROBS}, "got 90.0 at text 0, label 0: percent are"),
    "no cut": ({"logits": LOGITS, "cuts": [0.0, np.nan]}, "cuts must be numbers, got nan"),
    "no threshold": ({"logits": LOGITS, "thresholds": [0.5, np.nan]}, "lie in .*, got nan..nan"),
    "percent begin": ({"logits": LOGITS, "thresholds": [50, 50]}, "got 50.0..50.0: .* nor percent"),
    "cuts of probabilities": ({"probabilities": PROBS, "cuts": [0.0, 0.0]}, "thresholds, got cuts"),
    "a threshold above": ({"probabilities": PROBS, "thresholds": [0.5, 2]}, "thresholds must lie"),
    "thresholds": ({"probabilities": PROBS, "thresholds": [0.5]}, r"cuts must be rows x 2 labels"),
    "both begins": ({"logits": LOGITS, "cuts": [0, 0], "thresholds": [0, 0]}, "got both: leave"),
    "cuts of decisions": ({"decisions": TRUTH, "cuts": [0.0, 0.0]}, "made already, got cuts"),
    "no texts": ({"decisions": TRUTH[:0], "truth": TRUTH[:0]}, "of texts, got none"),
    "no names": ({"logits": LOGITS, "names": np.array([])}, "got 0 names"),
    "one name twice": ({"logits": LOGITS, "names": np.array(["a", "a"])}, "1 of them different"),
    "probabilities": ({"decisions": LOGITS}, "labels must be 0 or 1, got 2.0"),
    "infinite": ({"logits": np.full((4, 2), np.inf)}, "logits must be finite"),
    "other texts": ({"logits": LOGITS[:2]}, "labels and logits must have one shape"),
    "cuts": ({"logits": LOGITS, "cuts": [1.0]}, r"cuts must be rows x 2 labels"),
    "objects": ({"logits": np.array([None, 1], object)}, "Object arrays cannot be loaded"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_arrays_that_are_no_predictions_are_refused(what: str, tmp_path: Path) -> None:
    parts, words = REFUSED[what]
    with pytest.raises(ValueError, match=f"mine: .*{words}"):
        read_saved(arrays(tmp_path / "a.npz", **parts), "mine")


def spread(count: int = 400, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((count, 2))


@pytest.mark.parametrize("beyond", [1.0000001, -1e-9, -1.0, 3.0])
def test_a_number_beyond_0_to_1_makes_no_logits_of_probabilities(
    beyond: float, tmp_path: Path
) -> None:
    probs_NK = spread()
    probs_NK[7, 1] = beyond
    truth = (spread(seed=1) < 0.3).astype(int)
    with pytest.raises(ValueError, match="which look like probabilities: call them so, probabil"):
        read_saved(arrays(tmp_path / "a.npz", logits=probs_NK, truth=truth), "a")


def test_probabilities_that_rounding_put_beyond_1_are_what_they_are_called(tmp_path: Path) -> None:
    probs_NK = PROBS + np.array([[0, 0], [0, 0], [-1e-9, 1e-7], [0, 0]])
    said = read_saved(arrays(tmp_path / "a.npz", probabilities=probs_NK), "a")
    assert (decided(said) == (AS_LOGITS >= 0)).all()
    said = read_saved(
        arrays(tmp_path / "b.npz", probabilities=probs_NK, thresholds=[0.0, 1.0]), "b"
    )
    assert decided(said).tolist() == [[True, False], [True, False], [True, True], [True, False]]


@pytest.mark.parametrize(
    ("scale", "middle"),
    [(1e-4, 0.0), (0.3, 0.0), (1.0, -3.0), (0.1, 0.97), (4.0, 0.5)],
    ids=["of a hot training", "small", "usual", "mostly yes", "wide"],
)
def test_logits_of_any_size_are_logits(scale: float, middle: float, tmp_path: Path) -> None:
    logits_NK = np.random.default_rng(0).normal(middle, scale, (400, 2))
    truth = (spread() < 0.3).astype(int)
    said = read_saved(arrays(tmp_path / "a.npz", logits=logits_NK, truth=truth), "a").predictions
    assert isinstance(said, OperandLogits) and (said.logits_NK == logits_NK).all()


def test_a_probability_far_out_of_range_is_no_reason_to_call_all_logits(tmp_path: Path) -> None:
    probs_NK = spread()
    probs_NK[7, 1] = -1
    truth = (spread(seed=1) < 0.3).astype(int)
    with pytest.raises(ValueError, match=r"got -1.0 at text 7, label 1: mend these, nearly all"):
        read_saved(arrays(tmp_path / "a.npz", probabilities=probs_NK, truth=truth), "a")


def test_columns_that_are_no_predictions_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"got 2 of truth and 3 of logit: name them alike"):
        read_saved(table(tmp_path / "a.csv", "logit", LOGITS, **{"logit:fear": 1.0}), "a")
    with pytest.raises(ValueError, match=r"numbers without gaps, got string .* in logit:joy"):
        words = {"logit:joy": ["much", "1", "2", "3"]}
        read_saved(table(tmp_path / "b.csv", "logit", LOGITS, **words), "b")
    with pytest.raises(ValueError, match="with 1 empty cells in truth:joy"):
        read_saved(
            table(tmp_path / "c.csv", "logit", LOGITS, **{"truth:joy": [1, 0, 1, None]}), "c"
        )
    with pytest.raises(ValueError, match=r"one number for each label, got 4 in the column of joy"):
        moving = {"cut:joy": [0, 1, 2, 3], "cut:anger": 0}
        read_saved(table(tmp_path / "i.csv", "logit", LOGITS, **moving), "i")
    with pytest.raises(ValueError, match=r"got 2 of truth and 1 of cut: name them alike"):
        read_saved(table(tmp_path / "j.csv", "logit", LOGITS, **{"cut:joy": 0}), "j")
    with pytest.raises(ValueError, match=r"columns of a label are truth:NAME, .*, got cuts:joy"):
        read_saved(table(tmp_path / "k.csv", "logit", LOGITS, **{"cuts:joy": 0}), "k")
    with pytest.raises(ValueError, match="got all of them from 0 to 1, which look like prob"):
        read_saved(table(tmp_path / "l.csv", "logit", PROBS), "l")
    (tmp_path / "d.parquet").write_bytes(b"no table")
    with pytest.raises(ValueError, match=r"d: .*Parquet"):
        read_saved(tmp_path / "d.parquet", "d")
    (tmp_path / "e.csv").write_text("text,label\nhello,joy\n")
    with pytest.raises(ValueError, match="logits, probabilities or decisions, got names"):
        read_saved(tmp_path / "e.csv", "e")
    (tmp_path / "g.npz").write_bytes(b"PK\x03\x04 and no more")
    with pytest.raises(ValueError, match="g: "):
        read_saved(tmp_path / "g.npz", "g")
    with (tmp_path / "h.npz").open("wb") as file:
        np.save(file, LOGITS)
    with pytest.raises(ValueError, match=r"arrays by name, got one of shape \(4, 2\)"):
        read_saved(tmp_path / "h.npz", "h")
    with pytest.raises(ValueError, match="must be a file, got nothing at"):
        read_saved(tmp_path / "absent.npz", "f")


def test_operands_of_other_texts_or_labels_are_refused(tmp_path: Path) -> None:
    first = read_saved(arrays(tmp_path / "a.npz", logits=LOGITS), "a")

    def other(**parts: Any) -> Operand:
        return read_saved(arrays(tmp_path / "b.npz", **parts), "b")

    with pytest.raises(ValueError, match=r"got fear in b alone and joy in a alone"):
        other(logits=LOGITS, names=np.array(["fear", "anger"])).like(first)
    with pytest.raises(ValueError, match="got 4 in a and 2 in b: score both on one split"):
        other(logits=LOGITS[:2], truth=TRUTH[:2]).like(first)
    with pytest.raises(ValueError, match="another truth in b than in a at text 1, label anger"):
        other(logits=LOGITS, truth=np.array([[1, 0], [0, 0], [1, 1], [0, 0]])).like(first)


@pytest.mark.parametrize(
    ("text", "saved"),
    [("a.npz", True), ("s3://b/x/P.CSV", True), ("model", False), ("a.txt", False)],
)
def test_a_file_of_predictions_is_known_by_its_ending(text: str, saved: bool) -> None:
    assert is_saved(text) is saved
