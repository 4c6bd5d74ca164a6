"""Features before the dense layers: standardized by train, cut to components of deviation 1."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.preprocessing import StandardScaler

from emoray.models.features.scaling import FARTHEST, Scaling
from tests.data.made_features import WIDTH, rows

ROWS_NF, _ = rows()


def test_features_of_train_have_mean_0_and_deviation_1_but_for_constant_ones() -> None:
    scaling = Scaling.of(ROWS_NF, WIDTH)
    assert scaling.components_FD is None and scaling.factor_F[4] == 0
    scaled_NF = scaling.apply(ROWS_NF)
    np.testing.assert_allclose(scaled_NF.mean(0), 0, atol=1e-4)
    np.testing.assert_allclose(np.delete(scaled_NF.std(0), 4), 1, atol=1e-3)
    np.testing.assert_allclose(
        scaled_NF, StandardScaler().fit_transform(ROWS_NF.astype(np.float64)), atol=2e-3
    )


def test_components_are_those_of_scikit_learn_but_for_their_sign() -> None:
    scaling = Scaling.of(ROWS_NF, 3)
    scaled_NF = Scaling.of(ROWS_NF, WIDTH).apply(ROWS_NF)
    expected_ND = PCA(3, whiten=True).fit_transform(scaled_NF)
    found_ND = scaling.apply(ROWS_NF)
    signs_D = np.sign((found_ND * expected_ND).sum(0))
    np.testing.assert_allclose(found_ND, expected_ND * signs_D, atol=1e-2)


def test_a_feature_that_follows_from_others_adds_no_noise() -> None:
    twice_NF = np.concatenate([ROWS_NF[:, :3], ROWS_NF[:, :3]], axis=1)
    found_ND = Scaling.of(twice_NF, 5).apply(twice_NF)
    np.testing.assert_allclose(found_ND[:, :3].std(0), 1, atol=1e-3)
    np.testing.assert_array_equal(found_ND[:, 3:], 0)


def test_what_is_far_off_counts_as_the_farthest() -> None:
    far_NF = ROWS_NF[:1] + np.float32(1e6)
    assert set(np.delete(Scaling.of(ROWS_NF, WIDTH).apply(far_NF)[0], 4)) == {FARTHEST}


def test_features_that_are_all_constant_are_refused() -> None:
    with pytest.raises(ValueError, match=r"differ between rows, got the same 6 in all 9 of train"):
        Scaling.of(np.ones((9, 6), np.float32), 6)
