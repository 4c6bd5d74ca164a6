import numpy as np
import torch

from emoray.models.encoder.relative import BUCKETS, bucket_of, by_distance


def test_buckets_are_transformers_own() -> None:
    from transformers.models.mpnet.modeling_mpnet import MPNetEncoder

    distances = torch.arange(-600, 601)
    wanted = MPNetEncoder.relative_position_bucket(distances)
    found = bucket_of(distances.numpy())
    np.testing.assert_array_equal(found, wanted.numpy())
    assert set(found.tolist()) == set(range(BUCKETS)) - {BUCKETS // 2}


def test_a_distance_has_the_summand_of_its_bucket() -> None:
    table_BH = np.arange(2 * BUCKETS, dtype=np.float32).reshape(BUCKETS, 2)
    found_HC = by_distance(table_BH, 3)
    assert found_HC.tolist() == [[4, 2, 0, 34, 36], [5, 3, 1, 35, 37]]
