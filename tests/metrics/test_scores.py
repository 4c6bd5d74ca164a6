import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from emoray.metrics.cuts import decide
from emoray.metrics.scores import score, score_many
from tests.metrics.made import Decisions, made


def rows_of_cuts(labels: int) -> np.ndarray:
    """Common and own cuts, and rows that predict everything, nothing and one label alone."""
    rng = np.random.default_rng(5)
    alone = np.full(labels, np.inf)
    alone[0] = -np.inf
    everything, nothing = np.full(labels, -np.inf), np.full(labels, np.inf)
    return np.vstack([rng.normal(-1, 1, (5, labels)), np.zeros(labels), everything, nothing, alone])


@pytest.mark.parametrize("ties", [None, 2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_score_is_scikit_learns(ties: int | None, dtype: type) -> None:
    logits_NK, labels_NK = made(300, 6, seed=6, ties=ties)
    logits_NK = logits_NK.astype(dtype)
    labels_NK[:, 5] = 0  # a label that is absent from the scored texts
    cuts_RK = rows_of_cuts(6)
    many = score_many(logits_NK, labels_NK, cuts_RK)
    for r, cuts_K in enumerate(cuts_RK):
        decided, one = decide(logits_NK, cuts_K), many.row(r)
        p_K, r_K, f1_K, support_K = precision_recall_fscore_support(
            labels_NK, decided, zero_division=0
        )
        assert one.precision_K == pytest.approx(p_K)
        assert one.recall_K == pytest.approx(r_K)
        assert one.f1_K == pytest.approx(f1_K)
        assert (one.support_K == support_K).all()
        macro = one.precision, one.recall, one.macro_f1
        assert macro == pytest.approx((p_K.mean(), r_K.mean(), f1_K.mean()))
        micro = precision_recall_fscore_support(
            labels_NK, decided, average="micro", zero_division=0
        )
        assert one.micro_f1 == pytest.approx(micro[2])


def test_one_row_scores_as_among_many(tied: Decisions) -> None:
    cuts_RK = rows_of_cuts(6)
    many = score_many(*tied, cuts_RK)
    assert many.macro_f1_R.shape == (len(cuts_RK),)
    for r, cuts_K in enumerate(cuts_RK):
        alone = score(*tied, cuts_K)
        assert alone.macro_f1 == many.macro_f1_R[r]
        assert alone.micro_f1 == many.micro_f1_R[r]
        assert (alone.precision, alone.recall) == (many.precision_R[r], many.recall_R[r])


def test_texts_left_out_do_not_count(smooth: Decisions) -> None:
    logits_NK, labels_NK = smooth
    kept = np.arange(300) % 3 > 0
    wild = logits_NK.copy()
    wild[~kept] = 99
    cuts_K = np.zeros(6)
    assert (
        score(wild[kept], labels_NK[kept], cuts_K).macro_f1
        == score(logits_NK[kept], labels_NK[kept], cuts_K).macro_f1
    )
