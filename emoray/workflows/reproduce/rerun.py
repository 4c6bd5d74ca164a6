"""An artifact run again from raw text, and the columns of its row computed again.

Shapes: M members, N texts, K labels.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emoray.artifact import runtime
from emoray.artifact.batch_invariance import two_ways
from emoray.artifact.runtime import DECISION, DERIVED, MANIFEST, Classifier, combined
from emoray.data.corpus import Corpus, Split
from emoray.decide.weighing import cross_fitted_ensemble
from emoray.models.batches import FeatureRows
from emoray.stages.decision_columns import ModelLogits, decide_all
from emoray.stages.deriving import derivation_on_dev
from emoray.stages.families.registry import FAMILIES
from emoray.stages.fitted import fit_decisions
from emoray.stages.spec import Decision
from emoray.stages.spec_json import read_spec
from emoray.text.vocabulary import Ragged
from emoray.workflows.reproduce.record import RecordedRun

SCORES = (
    "dev_macro_f1",
    "dev_micro_f1",
    "test_macro_f1",
    "test_macro_f1_low",
    "test_macro_f1_high",
    "test_macro_f1_unleaked",
    "test_micro_f1",
    "test_precision",
    "test_recall",
)
CALIBRATION = ("temperature", "dev_ece", "dev_nll", "test_ece", "test_brier", "test_nll")
INVARIANCE = ("batch_flips_share",)
BYTES = ("size_bytes", "artifact_sha256")
CUTS = "cuts"  # of an artifact's decision: refitted on dev they must come out the same


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RerunResult:
    """Results of running an artifact: columns of `points`, its saved cuts and refitted ones."""

    columns: dict[str, Any]
    saved_cuts_K: np.ndarray
    cuts_K: np.ndarray


def _members(classifier: Classifier, split: Split) -> np.ndarray:
    """Logits (M, N, K) of every member with its own tokenizer."""
    logits = [
        model.logits([reader.ids(text) for text in split.inputs])
        for reader, model in classifier.members
    ]
    return np.stack(logits)


def _two_ways(
    classifier: Classifier, files: dict[str, bytes], texts: Sequence[Any], family: str
) -> tuple[np.ndarray, np.ndarray] | None:
    """Logits of some texts alone and in batches, as `Score` has them; None for an ensemble."""
    if len(classifier.members) > 1 or runtime.MODEL not in files:
        return None
    read = [classifier.ids(text) for text in texts]
    rows = FeatureRows(features_NF=np.stack(read)) if classifier.width else Ragged.from_lists(read)
    both = two_ways(files[runtime.MODEL], rows, FAMILIES[family].texts_both_ways)
    return both.alone_MK, both.batched_MK


def _cross_fitted(
    spec: dict[str, Any],
    decisions: Sequence[Decision],
    r: int,
    dev_MNK: np.ndarray,
    labels_NK: np.ndarray,
) -> dict[str, Any]:
    """Compute an ensemble's dev scores, weights fitted again on each fold.

    Args:
        spec: row of `specs`.
        decisions: all on the model.
        r: index of the row's own.
        dev_MNK: logits of the members in the artifact.
        labels_NK: of dev.

    Returns:
        `dev_macro_f1` and `dev_micro_f1`; None where the fit used members without weight, of which
        the artifact holds nothing.
    """
    if len(dev_MNK) != len(json.loads(spec["members"])):
        return {"dev_macro_f1": None, "dev_micro_f1": None}
    weighing = read_spec(spec["weighing"])
    weights_M = weighing.weights(dev_MNK, labels_NK)
    together_NK = combined(list(dev_MNK), list(weights_M), str(weighing.of))
    pairs = fit_decisions(decisions, together_NK, labels_NK).pairs
    honest = cross_fitted_ensemble(weighing, pairs, dev_MNK, labels_NK)
    return {"dev_macro_f1": honest.macro_f1_R[r], "dev_micro_f1": honest.micro_f1_R[r]}


def run_again(
    record: RecordedRun, row: dict[str, Any], folder: Path, corpus: Corpus
) -> RerunResult:
    """Score an artifact on dev and test; fit and score its decision again.

    All decisions on the model are computed together, as in the search, and the row's is taken from
    them: the last digit of a mean depends on how many are computed at once.

    Args:
        record: the run.
        row: of `points`.
        folder: of the artifact.
        corpus: of the run.

    Returns:
        Columns and cuts.
    """
    files = runtime.read(folder)
    classifier, (mean_of, members) = Classifier(files), runtime.members_of(files)
    weights = [member["weight"] for member in members]
    dev_MNK, test_MNK = (_members(classifier, split) for split in (corpus.dev, corpus.test))
    logits = ModelLogits(
        dev_NK=combined(list(dev_MNK), weights, mean_of),
        dev_labels_NK=corpus.dev.labels_NK,
        test_NK=combined(list(test_MNK), weights, mean_of),
        test_labels_NK=corpus.test.labels_NK,
        leaked_N=corpus.leaked_N,
        two_ways=_two_ways(classifier, files, corpus.test.inputs, row["family"]),
    )
    decisions, r = record.decisions(row)
    saved = json.loads(files[DECISION])
    if (groups := record.derived(row)) is not None:
        logits = derivation_on_dev(groups, logits).of(logits)
        saved = saved[DERIVED][groups.name]
    decided = decide_all(logits, decisions)
    columns = {name: column[r] for name, column in decided.points.items()}
    spec = record.spec(row)
    if spec["weighing"]:
        columns |= _cross_fitted(spec, decisions, r, dev_MNK, corpus.dev.labels_NK)
    columns["size_bytes"] = sum(runtime.sizes(folder).values())
    columns["artifact_sha256"] = runtime.sha256((folder / MANIFEST).read_bytes())
    return RerunResult(
        columns=columns,
        saved_cuts_K=np.array(saved["cuts"], np.float64),
        cuts_K=decided.fitted.cuts_RK[r],
    )
