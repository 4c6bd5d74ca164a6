"""The part of a prediction that runs on Ray: stages on a pool of actors, outputs as they come."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import ray
from rich.console import Console

from emoray.console.progress import Progress, progress
from emoray.distributed.actor_pool import Pool, ShardResult, StageLimits, dispatch
from emoray.distributed.cluster import Cluster
from emoray.distributed.connection import connected
from emoray.distributed.single_flight import Failed
from emoray.prediction.columns import OutputColumns, ShippedDecision
from emoray.prediction.found import FoundFile, texts_expected
from emoray.prediction.record import OutputRecord
from emoray.prediction.scoring import Network, ScoreTexts, halves
from emoray.prediction.shards import WriteShard
from emoray.storage.location import Place
from emoray.storage.store.cleanup import clear_leftovers
from emoray.storage.store.keys import Stage
from emoray.storage.store.local import Done
from emoray.storage.store.opening import open_store
from emoray.workflows.predict.plan import PredictionPlan
from emoray.workflows.predict.publish import publish_output

LIMITS = StageLimits(seconds=3600.0)
RECORD_SECONDS = 5.0  # between two writes of the record
AHEAD = 2  # actors a CPU that are asked for on a cluster, which may grow


@dataclass(slots=True, kw_only=True)
class _Counted:
    """Texts of finished parts, and what of them was found or set aside."""

    shown: Progress
    done: int = 0
    found: int = 0
    failed: int = 0

    def __call__(self, shard: ShardResult) -> None:
        if not isinstance(shard.stage, ScoreTexts):
            return
        self.done += shard.stage.rows
        if isinstance(shard.result, Failed):
            self.failed += shard.stage.rows
        elif shard.result.cached:
            self.found += shard.stage.rows
        pace = (self.done - self.found) / max(self.shown.seconds, 1e-9)
        notes = f"{self.found:,} found · {self.failed} set aside · {pace:,.0f} texts/s"
        self.shown.update(self.done, found=self.found, notes=notes)


@dataclass(slots=True, kw_only=True)
class ScoringRun:
    """One run of the stages.

    Attributes:
        record: of the folder of outputs, which gets them.
        store: of the stages.
        still_alone: raises once another job writes to the folder.
        cluster: which Ray.
        workers: at most; None for one a CPU.
        scored_before: whether all parts must be there already.
    """

    record: OutputRecord
    store: Place
    still_alone: Callable[[], None]
    cluster: Cluster
    workers: int | None
    scored_before: bool
    _recorded: float = field(default_factory=time.monotonic)

    def score(
        self,
        files: Sequence[FoundFile],
        *,
        text_column: str,
        part_rows: int,
        network: Network,
        decision: ShippedDecision,
        columns: OutputColumns,
        console: Console,
    ) -> dict[str, str]:
        """Make the outputs of files.

        Args:
            files: of texts.
            text_column: of each.
            part_rows: rows of a part.
            network: that scores.
            decision: that gives labels.
            columns: that are written.
            console: gets progress.

        Returns:
            Why there is no output, by name, of those without.
        """
        store = open_store(self.store)
        clear_leftovers(store)

        def written(found: FoundFile, stage: WriteShard, done: Done) -> None:
            self.still_alone()
            publish_output(self.record, found, stage, done, store)
            if time.monotonic() - self._recorded > RECORD_SECONDS:
                self.record.write()
                self._recorded = time.monotonic()

        plan = PredictionPlan(
            files=files,
            text_column=text_column,
            part_rows=part_rows,
            network=network,
            decision=decision,
            columns=columns,
            store=store,
            scored_before=self.scored_before,
            written=written,
        )
        if self.cluster.address:
            store.share(*plan.first(), network)
        with (
            connected(self.cluster),
            progress(console, "scored", unit="texts") as shown,
        ):
            counted = _Counted(shown=shown)

            def follow(stage: Stage, results: Sequence[ShardResult]) -> list[Stage]:
                following = plan.follow(stage, results)
                left = [found for found in files if found.name not in plan.broken]
                shown.total = texts_expected(left, plan.texts)
                return following

            dispatch(
                plan.first(),
                store=store.place,
                pool=Pool(actors=self._actors()),
                limits=LIMITS,
                split=halves,
                on_result=counted,
                follow=follow,
                fatal=(OSError,),
            )
            shown.say()
        return plan.broken

    def _actors(self) -> int:
        if self.workers is not None:
            return self.workers
        cpus = int(ray.cluster_resources().get("CPU", 1))
        return max(1, cpus * (AHEAD if self.cluster.address else 1))
