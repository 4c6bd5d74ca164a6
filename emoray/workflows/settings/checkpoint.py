"""What jobs on a finished checkpoint have in common."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from emoray.data.options import RunOptions
from emoray.options import Option
from emoray.storage.location import Place

if TYPE_CHECKING:
    from emoray.stages.interleaved_timing import TimingPlan


LONGEST_NAME = 255  # of a file, in most file systems


@dataclass(frozen=True, kw_only=True)
class CheckpointOptions(RunOptions):
    """Which model, whose texts, and where the artifacts and the tables land.

    plan: of the clock, None for the usual one.
    """

    model: Annotated[
        Place,
        Option(
            help="Folder of the model: a fine-tuning of emoray (weights.npz, …), what transformers "
            "saved (config.json, model.safetensors, whole, in shards or as float16, "
            "tokenizer.json), a LoRA adapter, or a classifier of sentence-transformers "
            "(modules.json). It is only read."
        ),
    ]
    labels: Annotated[
        str | None,
        Option(
            help="Names of the head's outputs in their order, for a model that has LABEL_0, …: "
            "joy,anger,… or a file with one a line."
        ),
    ] = None
    problem_type: Annotated[
        str | None,
        Option(
            help="single_label_classification (softmax) or multi_label_classification, where the "
            "model does not say."
        ),
    ] = None
    base: Annotated[
        Place | None,
        Option(
            help="Folder of the model that an adapter was trained on.  [default: the one it names]"
        ),
    ] = None
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

    @property
    def label_names(self) -> tuple[str, ...]:
        """What `labels` says; empty where it is left out."""
        if not self.labels:
            return ()
        path = Path(self.labels)
        lines = len(self.labels) < LONGEST_NAME and path.is_file()
        parts = path.read_text("utf-8").splitlines() if lines else self.labels.split(",")
        return tuple(name.strip() for name in parts if name.strip() or not lines)

    @property
    def said(self) -> dict[str, str]:
        """What a user says of the model, as a run keeps it; empty where nothing."""
        named = {"labels": ", ".join(self.label_names), "problem_type": self.problem_type or ""}
        named["base"] = str(self.base or "")
        return {name: value for name, value in named.items() if value}
