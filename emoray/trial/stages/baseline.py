"""What every search must beat: no label at all, how often each occurs, TF-IDF with logistic
regression. Shapes: N texts, K labels."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, TypeAlias

from emoray.decide.thresholds import Fixed, PerLabel
from emoray.trial.spec import CorpusRef, Decision, Fitted

MODEL = "model"  # of a finished Baseline: the files that one would ship beside its decision


@dataclass(frozen=True, slots=True)
class AllNegative:
    """Gives no label to any text."""

    tag: ClassVar[str] = "AllNegative"

    decision: ClassVar[Decision] = Decision(temperature=1.0, rule=Fixed(0.5))

    def __str__(self) -> str:
        return "all-negative"


@dataclass(frozen=True, slots=True)
class LabelPrior:
    """Says of every text how often train has each label; thresholds make that all texts or none."""

    tag: ClassVar[str] = "LabelPrior"

    decision: ClassVar[Decision] = Decision(temperature=1.0, rule=PerLabel())

    def __str__(self) -> str:
        return "label prior"


@dataclass(frozen=True, slots=True)
class TfidfLogistic:
    """TF-IDF of words, one logistic regression a label, thresholds fitted on dev."""

    tag: ClassVar[str] = "TfidfLogistic"

    min_count: int = 2
    c: float = 1.0
    decision: ClassVar[Decision] = Decision(temperature=Fitted(), rule=PerLabel())

    def __str__(self) -> str:
        return "tf-idf + logistic regression"


Kind: TypeAlias = AllNegative | LabelPrior | TfidfLogistic


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """One of them fitted on train, decided as any model is: its row of `points`."""

    name: ClassVar[str] = "baseline"
    version: ClassVar[int] = 3

    kind: Kind
    corpus: CorpusRef
    taxonomy: str
    tokenizer: int

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.trial.baselines import make_baseline

        make_baseline(self, out)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockBaselines:
    """The time of one text from text to labels, alone, a whole node to themselves."""

    name: ClassVar[str] = "clock_baselines"
    version: ClassVar[int] = 2

    baselines: tuple[Baseline, ...]
    cpu: str  # another processor, another measurement
    cpus: int  # of the node: reserved, so that nothing else runs there
    texts: int = 60
    turns: int = 2

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        from emoray.trial.baselines import time_baselines

        folders = [inputs[f"baselines.{i}"] for i in range(len(self.baselines))]
        time_baselines(self, folders, out)
