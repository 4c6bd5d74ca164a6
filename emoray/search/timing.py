"""After the search: time every model alone, with a whole node reserved."""

from collections.abc import Sequence
from dataclasses import asdict

from rich.console import Console

from emoray.console.progress import progress
from emoray.console.wording import count
from emoray.distributed.single_flight import Failed
from emoray.distributed.timing_node import NodeKind, run_timed, timing_kind
from emoray.search import baselines
from emoray.search.trials import RunContext, write_failure
from emoray.stages.baselines import BaselineModel
from emoray.stages.compression import Compress
from emoray.stages.decisions import Decide
from emoray.stages.latency import MeasureLatency
from emoray.storage.store.keys import id_of, key_of


def _by_training(decided: Sequence[Decide]) -> list[tuple[Compress, ...]]:
    """The distinct models of each training, in the order of the search."""
    groups: dict[str, dict[str, Compress]] = {}
    for decide in decided:
        compressed = decide.compressed
        groups.setdefault(id_of(compressed.trained), {})[id_of(compressed)] = compressed
    return [tuple(models.values()) for models in groups.values()]


def time_models(
    context: RunContext,
    decided: Sequence[Decide],
    console: Console,
    baseline_models: Sequence[BaselineModel] = (),
) -> None:
    """Time every model, a training's models at a time, each time with a whole node reserved.

    Args:
        context: the run.
        decided: its models.
        console: gets progress.
        baseline_models: timed last.
    """
    written = context.written("points")
    groups = _by_training([d for d in decided if key_of(d) in written])
    if not groups:
        return
    console.print(
        f"timing {count(sum(map(len, groups)), 'model')} alone, one text at a time", highlight=False
    )
    kind, total = timing_kind(), sum(map(len, groups))
    with progress(console, "timed", unit="models", total=total) as shown:
        for models in groups:
            _clock_training(context, models, groups[0][0], kind)
            shown.update(shown.done + len(models))
        baselines.measure_baselines(context, baseline_models, kind)


def _clock_training(
    context: RunContext, models: tuple[Compress, ...], baseline: Compress, kind: NodeKind
) -> None:
    """Time the models of one training against the run's first model."""
    asked = MeasureLatency(
        compressed=models,
        baseline=baseline,
        text=models[0].text,
        corpus=models[0].text.corpus,
        taxonomy=models[0].trained.recipe.taxonomy,
        **asdict(kind),
    )
    stage, made = run_timed(context.stages.make, asked)
    if isinstance(made, Failed):
        write_failure(context, stage, made)
        return
    context.copy(context.folder(made), "latency", made.folder.name)
