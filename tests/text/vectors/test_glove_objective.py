from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from emoray.text.vectors.glove_objective import objective_vectors
from emoray.text.vectors.settings import GloveObjective
from tests.text.vectors.made import counts

METHOD = GloveObjective(epochs=6)


def test_counts_of_a_low_rank_are_learnt_and_the_loss_falls() -> None:
    rng = np.random.default_rng(0)
    words_VD, biases_V = rng.normal(scale=0.7, size=(40, 3)), rng.normal(size=40)
    logs = words_VD @ words_VD.T + biases_V[:, None] + biases_V
    losses: list[float] = []
    objective_vectors(
        sparse.csr_array(np.exp(logs)),
        GloveObjective(epochs=15, learning_rate=0.3),
        dim=6,
        report=lambda epoch, loss: losses.append(loss),
    )
    assert losses[-1] < 0.05 * losses[0]


def test_training_that_was_stopped_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    found = counts().matrix_VV
    whole = objective_vectors(found, METHOD, dim=4)

    def stop(epoch: int, loss: float) -> None:
        if epoch == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        objective_vectors(found, METHOD, dim=4, unfinished=tmp_path, report=stop)
    epochs: list[int] = []
    resumed = objective_vectors(
        found, METHOD, dim=4, unfinished=tmp_path, report=lambda epoch, loss: epochs.append(epoch)
    )
    assert epochs == [4, 5, 6]
    assert resumed.tobytes() == whole.tobytes()


def test_another_seed_gives_other_vectors() -> None:
    found = counts().matrix_VV
    one, other = (objective_vectors(found, METHOD, dim=4, seed=s) for s in (0, 1))
    assert not np.array_equal(one, other)


def test_words_that_never_meet_are_refused() -> None:
    with pytest.raises(ValueError, match=r"words that stand near each other, got none: give text"):
        objective_vectors(sparse.csr_array((2, 2), dtype=np.float64), METHOD, dim=1)


def test_steps_that_lead_nowhere_are_refused() -> None:
    with (
        np.errstate(all="ignore"),
        pytest.raises(ValueError, match=r"must stay finite, got (nan|inf) in epoch .*1e\+30"),
    ):
        objective_vectors(counts().matrix_VV, GloveObjective(learning_rate=1e30), dim=4)
