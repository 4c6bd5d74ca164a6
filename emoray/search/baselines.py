"""Baselines of a search: made while it runs, timed after it, their rows in the run."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

from emoray.distributed.single_flight import Failed
from emoray.distributed.timing_node import NodeKind, run_timed
from emoray.search.trials import RunContext, write_failure
from emoray.stages.baselines import BaselineModel, MeasureBaselineLatency, baselines_of
from emoray.storage.store.keys import key_of

WRITTEN = ("labels", "points")


@contextmanager
def with_baselines(
    context: RunContext, taxonomies: Sequence[str]
) -> Iterator[tuple[BaselineModel, ...]]:
    """Make baselines while the block runs; write their rows when it has ended.

    Args:
        context: the run.
        taxonomies: each once; of groups of one's own there are none.

    Yields:
        The baselines.
    """
    known = {each.name for each in context.data.corpus.taxonomies}
    asked = tuple(
        baseline
        for taxonomy in taxonomies
        if taxonomy in known
        for baseline in baselines_of(context.data.corpus, taxonomy)
    )
    making = [context.stages.make(each) for each in asked]
    yield asked
    for each, future in zip(asked, making, strict=True):
        made = future.result()
        if isinstance(made, Failed):
            write_failure(context, each, made)
            continue
        for table in WRITTEN:
            context.copy(context.folder(made), table, made.folder.name)


def measure_baselines(context: RunContext, asked: Sequence[BaselineModel], kind: NodeKind) -> None:
    """Time the baselines that were made, on a whole node."""
    written = context.written("points")
    made = tuple(each for each in asked if key_of(each) in written)
    if not made:
        return
    stage, done = run_timed(
        context.stages.make, MeasureBaselineLatency(baselines=made, **asdict(kind))
    )
    if isinstance(done, Failed):
        write_failure(context, stage, done)
        return
    context.copy(context.folder(done), "latency", done.folder.name)
