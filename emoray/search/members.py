"""The members of an ensemble: trained in parallel on actors, measured alone, then together."""

from collections.abc import Sequence
from concurrent.futures import wait
from dataclasses import asdict, dataclass, field

import pyarrow.compute as pc
from rich.console import Console

from emoray.console.progress import progress
from emoray.console.wording import count
from emoray.decide.ensemble import MeanLogits, MeanProbabilities
from emoray.decide.weighing import FittedWeights, Greedy, MeanOf
from emoray.distributed.actor_pool import Pool, ShardResult, StageLimits, dispatch
from emoray.distributed.single_flight import Failed
from emoray.distributed.timing_node import run_timed, timing_kind
from emoray.search.trials import DECIDED, RunContext, copy_rows, measure_models, write_failure
from emoray.stages.decisions import Decide
from emoray.stages.ensembles import Combine, Weighing, read_weights
from emoray.stages.families.protocol import TrainStage
from emoray.stages.latency import MeasureMemberLatency
from emoray.stages.spec import recipe_id
from emoray.storage.store.keys import id_of, inputs_of, key_of
from emoray.storage.store.local import Done, Store
from emoray.tables.files import read_table
from emoray.tables.rows import LatencyRow

COMBINATIONS = ("mean", "weights", "greedy")
TABLES = ("members", *(table for table in DECIDED if table != "layers"))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedMembers:
    """The members that could be trained, in the plan's order, and their finished stages."""

    members: tuple[Decide, ...]
    done: tuple[Done, ...]


def _ready(context: RunContext, members: Sequence[Decide]) -> list[Decide]:
    """Those whose texts and vectors could be made."""
    trains = [member.compressed.trained for member in members]
    asked = [[context.stages.make(i) for i in inputs_of(t).values()] for t in trains]
    ready = []
    for member, train, inputs in zip(members, trains, asked, strict=True):
        found = [future.result() for future in inputs]
        failed = next((made for made in found if isinstance(made, Failed)), None)
        if failed:
            write_failure(context, train, failed)
        else:
            ready.append(member)
    return ready


def train_members(
    context: RunContext,
    members: Sequence[Decide],
    *,
    store: Store,
    pool: Pool,
    limits: StageLimits,
    console: Console,
) -> TrainedMembers:
    """Train the members, each on an actor that keeps its process; finished ones are found.

    One that fails for good becomes a row of `failures`, the others go on.

    Args:
        context: the run.
        members: stages that decide on each member alone.
        store: of the stages.
        pool: how many actors, with which resources.
        limits: attempts and seconds of a training.
        console: gets a line per member.

    Returns:
        The members that could be trained.
    """
    ready = _ready(context, members)
    trains: list[TrainStage] = [member.compressed.trained for member in ready]
    finished = 0

    def count(shard: ShardResult) -> None:
        nonlocal finished
        finished += 1
        recipe = shard.stage.recipe  # type: ignore[attr-defined]
        if isinstance(shard.result, Failed):
            how = f"failed: {shard.result.error}"
        elif shard.result.cached:
            how = "found finished"
        else:
            how = f"trained in {shard.result.wall_seconds:.0f} s"
        console.print(
            f"member {finished}/{len(trains)} {how} · {recipe_id(recipe)} seed {recipe.seed}",
            highlight=False,
            soft_wrap=True,
        )

    results = dispatch(trains, store=store.place, pool=pool, limits=limits, on_result=count)
    result = {key_of(shard.stage): shard.result for shard in results}
    alive, done = [], []
    for member in ready:
        made = result[key_of(member.compressed.trained)]
        if isinstance(made, Failed):
            write_failure(context, member.compressed.trained, made)
        else:
            alive.append(member)
            done.append(made)
    return TrainedMembers(members=tuple(alive), done=tuple(done))


def measured(context: RunContext, members: Sequence[Decide]) -> list[Decide]:
    """Compress, score and decide each alone, write its rows; return those that could be."""
    wait([context.stages.make(member) for member in members])
    return [member for member in members if not measure_models(context, [member]).failures]


def weighings(names: Sequence[str], sizes: int) -> list[tuple[Weighing, int]]:
    """Every weighing with its number of members, a prefix of the plan; greedy uses all of them."""
    found: list[tuple[Weighing, int]] = []
    for size in range(1, sizes + 1):
        if "mean" in names:
            found += [(MeanOf(MeanLogits()), size), (MeanOf(MeanProbabilities()), size)]
        if "weights" in names:
            found.append((FittedWeights(MeanLogits()), size))
        if "greedy" in names:
            found.append((Greedy(rounds=size), sizes))
    return found


def ensembles_of(members: Sequence[Decide], names: Sequence[str], *, plan: str) -> list[Combine]:
    """Every combination at every size, 1 to all members."""
    return [
        Combine.of(members[:prefix], weighing, plan=plan)
        for weighing, prefix in weighings(names, len(members))
    ]


@dataclass(slots=True)
class Together:
    """The ensembles that could be made; `best` has by size the best score on dev and its point."""

    made: list[tuple[Combine, Done]] = field(default_factory=list)
    best: dict[int, tuple[float, str]] = field(default_factory=dict)


def combine_members(context: RunContext, ensembles: Sequence[Combine]) -> Together:
    """Make the ensembles and copy their rows into the run."""
    found = Together()
    asked = [context.stages.make(ensemble) for ensemble in ensembles]
    for ensemble, future in zip(ensembles, asked, strict=True):
        made = future.result()
        if isinstance(made, Failed):
            write_failure(context, ensemble, made)
            continue
        points = copy_rows(context, made, TABLES)
        best = pc.max(points.column("dev_macro_f1")).as_py()
        row = points.filter(pc.equal(points.column("dev_macro_f1"), best)).to_pylist()[0]
        found.best[ensemble.size] = max(
            found.best.get(ensemble.size, (0.0, "")), (best, row["point"])
        )
        found.made.append((ensemble, made))
    return found


def _summed(
    ensemble: Combine, weights: Sequence[float], samples: Sequence[LatencyRow]
) -> list[LatencyRow]:
    """An ensemble's latency: for the same text and turn, the sum over its members."""
    models = {id_of(c) for c, weight in zip(ensemble.compressed, weights, strict=True) if weight}
    own = [s for s in samples if s.model in models and s.beside == s.model]
    total: dict[tuple[int, int], float] = {}
    alone: dict[tuple[int, int], float] = {}
    for sample in own:
        at = sample.turn, sample.text
        total[at] = total.get(at, 0.0) + sample.milliseconds
        alone[at] = alone.get(at, 0.0) + (sample.model_milliseconds or 0.0)
    one = {(s.turn, s.text): s for s in own}
    name = id_of(ensemble)
    return [
        LatencyRow(
            model=name,
            beside=name,
            turn=turn,
            text=text,
            tokens=one[turn, text].tokens,
            milliseconds=milliseconds,
            model_milliseconds=alone[turn, text],
            threads=one[turn, text].threads,
            cpu=one[turn, text].cpu,
            instruction_sets=one[turn, text].instruction_sets,
        )
        for (turn, text), milliseconds in total.items()
    ]


def time_members(
    context: RunContext, members: Sequence[Decide], together: Together, console: Console
) -> None:
    """Time every member alone on the same texts, a whole node reserved; ensembles are their sums.

    Two members of one model are one; so are their samples.
    """
    distinct = {id_of(m.compressed): m for m in members}
    console.print(
        f"timing {count(len(distinct), 'member')} alone, one text at a time", highlight=False
    )
    asked = MeasureMemberLatency(
        compressed=tuple(m.compressed for m in distinct.values()),
        text=members[0].text,
        corpus=members[0].text.corpus,
        taxonomy=members[0].compressed.trained.recipe.taxonomy,
        **asdict(timing_kind()),
    )
    with progress(console, "timing members"):
        stage, made = run_timed(context.stages.make, asked)
    if isinstance(made, Failed):
        write_failure(context, stage, made)
        return
    table = read_table(context.folder(made) / "latency.parquet", LatencyRow)
    context.write(table, "latency", made.folder.name)
    samples = [LatencyRow(**row) for row in table.to_pylist()]
    for ensemble, done in together.made:
        rows = _summed(ensemble, read_weights(context.folder(done)), samples)
        context.write(rows, "latency", done.folder.name)
