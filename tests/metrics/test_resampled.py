import numpy as np
import pytest
from sklearn.metrics import accuracy_score, f1_score

from emoray.metrics.bootstrap import stratified_weights
from emoray.metrics.resampled import resampled
from tests.metrics.made import made

LOGITS, LABELS = made(90, 4, seed=8, ties=2)
WEIGHTS = stratified_weights(LABELS, resamples=12)
CUTS = np.vstack([np.full(4, c) for c in (-np.inf, -2, -1, -1, 0, np.inf)] + [LOGITS[3]])
DECIDED = LOGITS >= CUTS[:, None, :]


def test_every_resample_scores_as_its_texts_repeated() -> None:
    found = resampled((LOGITS, CUTS), LABELS, WEIGHTS)
    for b, weights_N in enumerate(WEIGHTS):
        drawn = np.repeat(np.arange(90), weights_N.astype(int))
        for r, decided_NK in enumerate(DECIDED):
            pair = LABELS[drawn], decided_NK[drawn]
            macro = f1_score(*pair, average="macro", zero_division=0)
            micro = f1_score(*pair, average="micro", zero_division=0)
            assert found.macro_f1_RB[r, b] == pytest.approx(macro, abs=1e-6)
            assert found.micro_f1_RB[r, b] == pytest.approx(micro, abs=1e-6)


def test_the_plain_scores_are_those_of_the_texts() -> None:
    found = resampled((LOGITS, CUTS), LABELS, WEIGHTS)
    for r, decided_NK in enumerate(DECIDED):
        macro = f1_score(LABELS, decided_NK, average="macro", zero_division=0)
        micro = f1_score(LABELS, decided_NK, average="micro", zero_division=0)
        assert found.macro_f1_R[r] == pytest.approx(macro)
        assert found.micro_f1_R[r] == pytest.approx(micro)
        assert found.right_RN[r].mean() == pytest.approx(accuracy_score(LABELS, decided_NK))
        assert (found.decided(r) == decided_NK).all()


def test_decisions_say_the_same_as_the_logits_and_cuts_they_come_from() -> None:
    cut, given = (resampled(said, LABELS, WEIGHTS) for said in ((LOGITS, CUTS), DECIDED))
    for name in ("macro_f1_RB", "micro_f1_RB", "macro_f1_R", "micro_f1_R", "right_RN", "packed_RP"):
        assert (getattr(cut, name) == getattr(given, name)).all(), name


def test_rows_are_chosen_in_the_order_asked_for() -> None:
    found = resampled((LOGITS, CUTS), LABELS, WEIGHTS)
    some = found.rows([4, 1, 4])
    assert len(some) == 3
    assert (some.macro_f1_RB == found.macro_f1_RB[[4, 1, 4]]).all()
    assert (some.decided(1) == found.decided(1)).all()


def test_what_is_no_decision_is_refused() -> None:
    with pytest.raises(ValueError, match=r"rows x texts x labels .* got shape \(90, 4\)"):
        resampled(DECIDED[0], LABELS, WEIGHTS)
    with pytest.raises(ValueError, match=r"decisions must be 0 or 1, got -.*: pass \(logits_NK"):
        resampled(LOGITS[None], LABELS, WEIGHTS)
    with pytest.raises(ValueError, match="labels and decisions must have one shape"):
        resampled(DECIDED[:, :80], LABELS, WEIGHTS)
    with pytest.raises(ValueError, match="weights must be resamples x 90 texts"):
        resampled(DECIDED, LABELS, WEIGHTS[:, :80])
