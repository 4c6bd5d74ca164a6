import numpy as np
import pytest
from sklearn.metrics import f1_score

from emoray.decide.surface import surface
from emoray.decide.thresholds import Fixed
from tests.metrics.made import made


@pytest.mark.parametrize("ties", [None, 3])
def test_every_cell_is_the_macro_f1_of_deciding_there(ties: int | None) -> None:
    logits_NK, labels_NK = made(150, 4, seed=10, ties=ties)
    temperatures_T, thresholds_S = np.array([0.5, 1.0, 2.5]), np.linspace(0, 1, 8)
    macro_f1_TS = surface(logits_NK, labels_NK, temperatures_T, thresholds_S)
    assert macro_f1_TS.shape == (3, 8)
    for t, temperature in enumerate(temperatures_T):
        probs_NK = 1 / (1 + np.exp(-logits_NK.astype(np.float64) / temperature))
        for s, threshold in enumerate(thresholds_S):
            decided = probs_NK >= threshold
            f1 = f1_score(labels_NK, decided, average="macro", zero_division=0)
            assert macro_f1_TS[t, s] == pytest.approx(f1)


def test_at_one_half_temperature_changes_nothing() -> None:
    sample = made(150, 4, seed=11)
    macro_f1_T1 = surface(*sample, np.array([0.1, 1.0, 10.0]), np.array([0.5]))
    assert len(np.unique(macro_f1_T1)) == 1
    assert Fixed(0.5).cuts(*sample, 7.0).tolist() == [0, 0, 0, 0]
