"""What jobs on a finished checkpoint have in common."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from emoray.data.options import RunOptions
from emoray.options import Option
from emoray.storage.location import Place

if TYPE_CHECKING:
    from emoray.stages.interleaved_timing import TimingPlan


@dataclass(frozen=True, kw_only=True)
class CheckpointOptions(RunOptions):
    """Which model, whose texts, and where the artifacts and the tables land.

    plan: of the clock, None for the usual one.
    """

    model: Annotated[
        Place,
        Option(
            help="Folder of the model: a fine-tuning of emoray (weights.npz, …), or what "
            "transformers saved (config.json, model.safetensors, tokenizer.json) with a "
            "multi-label head: BERT, RoBERTa, DistilBERT and their kin. It is only read."
        ),
    ]
    threads: Annotated[int, Option(least=1, help="Threads of each model while it is timed.")] = 2
    max_tokens: Annotated[
        int | None,
        Option(
            least=3,
            help="Tokens of a text that an artifact reads.  [default: what the model's tokenizer "
            "reads]",
        ),
    ] = None
    plan: "TimingPlan | None" = None
