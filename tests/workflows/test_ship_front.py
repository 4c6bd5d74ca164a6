"""Artifacts of a run's front: what they are made of, and what is refused."""

from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest

from emoray.distributed.single_flight import Failed
from emoray.storage.store.local import Store
from emoray.workflows.ship_front import Shipping, shipped_before
from tests.stages.chain import Chain


@dataclass(frozen=True)
class NoStages:
    """A run in which every stage fails."""

    @property
    def stages(self) -> "NoStages":
        return self

    def make(self, stage: Any) -> Future[Failed]:
        made: Future[Failed] = Future()
        made.set_result(Failed(stage=stage.name, error="disk full"))
        return made


def test_an_artifact_whose_stage_cannot_be_made_is_not_shipped(
    chain: Chain, tmp_path: Path
) -> None:
    model = chain.decided[1].compressed
    shipping = Shipping(
        context=cast(Any, NoStages()),
        store=Store(tmp_path),
        models={"m": model},
        folder=tmp_path,
        before={},
    )
    with pytest.raises(
        ValueError, match=r"artifact to ship must be whole, got compress .* disk full: run the same"
    ):
        shipping.stage_folders(["m"])


def test_a_run_that_was_never_merged_has_shipped_nothing_before(tmp_path: Path) -> None:
    (tmp_path / "artifacts" / "point-a").mkdir(parents=True)
    assert shipped_before(tmp_path) == {}
