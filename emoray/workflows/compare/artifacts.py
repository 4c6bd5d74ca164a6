"""A finished artifact as an operand: scored once per model and split, as `jobs.evaluate` does."""

import hashlib
from dataclasses import dataclass, field

from rich.console import Console

from emoray.artifact.loading import Finished, open_artifact
from emoray.artifact.runtime import LABELS, TOKENIZER, VOCABULARY
from emoray.data.options import RunOptions
from emoray.stages.artifact_scoring import evaluate_on
from emoray.storage.location import Place
from emoray.workflows.calibrate_tables import announce_corpus
from emoray.workflows.compare.operand import Operand, OperandLogits


def _origin(finished: Finished) -> str:
    """A digest, equal for artifacts that read text alike: one may be the other compressed."""
    files = [finished.folder / name for name in (LABELS, TOKENIZER, VOCABULARY)]
    if not all(file.is_file() for file in files):
        return ""
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scorer:
    """Scores artifacts, and announces each corpus once.

    taxonomy: that they decide in; None for their own. sources: that were announced.
    """

    asked: RunOptions
    split: str
    console: Console
    taxonomy: str | None = None
    sources: set[str] = field(default_factory=set)

    def operand(self, place: Place, name: str) -> Operand:
        """The artifact with its own decision, in its own order of labels."""
        finished = open_artifact(place, self.taxonomy)
        evaluation = evaluate_on(finished, self.asked)
        if evaluation.corpus.sha256 not in self.sources:
            announce_corpus(self.console, evaluation.source, evaluation.taxonomy, self.split)
            self.sources.add(evaluation.corpus.sha256)
        scored = evaluation.split_logits(self.split)
        return Operand(
            name=name,
            labels=finished.labels,
            truth_NK=scored.labels_NK.astype(bool),
            predictions=OperandLogits(logits_NK=scored.logits_NK, cuts_K=finished.cuts_K),
            origin=_origin(finished),
        )
