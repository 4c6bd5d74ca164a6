"""Disagreement and double fault, by their definition."""

import numpy as np
import pytest

from emoray.metrics.diversity import diversity, over_pairs, with_others

TRUTH = np.array([[1, 0], [1, 0], [0, 1]])
DECIDED = np.array(
    [
        [[1, 0], [1, 0], [0, 1]],  # never wrong
        [[0, 0], [1, 1], [0, 1]],  # wrong twice
        [[0, 1], [1, 0], [0, 1]],  # wrong twice, once where the second is wrong too
    ]
)


def test_pairs_are_counted_as_kuncheva_and_whitaker_define_them() -> None:
    found = diversity(DECIDED, TRUTH)
    wrong = DECIDED != TRUTH
    for i in range(3):
        for j in range(3):
            one_right = (wrong[i] != wrong[j]).mean()
            both_wrong = (wrong[i] & wrong[j]).mean()
            assert found.disagreement_MM[i, j] == pytest.approx(one_right)
            assert found.double_fault_MM[i, j] == pytest.approx(both_wrong)
    assert found.disagreement_MM[1, 2] == pytest.approx(2 / 6)
    assert found.double_fault_MM[1, 2] == pytest.approx(1 / 6)


def test_a_member_is_compared_with_the_others_only() -> None:
    found = diversity(DECIDED, TRUTH)
    assert with_others(found.double_fault_MM) == pytest.approx([0, 1 / 12, 1 / 12])
    assert over_pairs(found.disagreement_MM) == pytest.approx((2 + 2 + 2) / 6 / 3)


def test_one_alone_has_no_pairs() -> None:
    found = diversity(DECIDED[:1], TRUTH)
    assert np.isnan(with_others(found.disagreement_MM)).all()
    assert np.isnan(over_pairs(found.double_fault_MM))


def test_equal_members_never_disagree() -> None:
    found = diversity(np.stack([DECIDED[1]] * 3), TRUTH)
    np.testing.assert_allclose(found.disagreement_MM, 0, atol=1e-12)
    np.testing.assert_allclose(found.double_fault_MM, 2 / 6)


@pytest.mark.parametrize(
    ("decisions", "message"),
    [
        (DECIDED[0], "diversity is of members x texts x labels"),
        (DECIDED[:, :2], "labels and decisions must have one shape"),
    ],
    ids=["one matrix", "fewer texts"],
)
def test_decisions_of_another_shape_are_refused(decisions: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        diversity(decisions, TRUTH)
