"""What a promotion is decided on: both artifacts on texts that steered no training.

These are dev of the corpus, or texts that the user brings; the test split steers nothing. Dev set
the thresholds of both, so its F1 flatters both; texts of one's own flatter neither.
Shapes: N texts, K labels.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from emoray.artifact.loading import Finished, require_texts
from emoray.data.importing.importing import labelled_texts
from emoray.data.importing.settings import CorpusSource
from emoray.data.options import RunOptions
from emoray.labels import places_of
from emoray.metrics.comparison import Comparison, compare_decisions
from emoray.releases.looking import NOTHING
from emoray.stages.artifact_scoring import SplitLogits, evaluate_on
from emoray.storage.location import child, local_copy, name_of, place_of
from emoray.tables.terminal import AS_IT_IS, table
from emoray.workflows.calibrate_tables import announce_corpus
from emoray.workflows.evaluate import own_decision
from emoray.workflows.settings.evaluate import MEGABYTE, Gates, require_enough, require_telling
from emoray.workflows.settings.release import PromoteRelease

DEV, OWN = "dev", "own texts"
FLATTERED = (
    "decided on dev, where the thresholds of both were fitted, so its F1 flatters both; --texts "
    "FILE decides on labelled texts of your own"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JudgedArtifact:
    """An artifact on the texts that decide; split: dev, or own texts."""

    finished: Finished
    said: SplitLogits
    split: str
    corpus: str
    sha256: str

    @property
    def facts(self) -> dict[str, Any]:
        """What the texts were, as the history keeps it."""
        return {
            "split": self.split,
            "corpus": self.corpus,
            "corpus_sha256": self.sha256,
            "texts": len(self.said.inputs),
        }

    def like(self, other: "JudgedArtifact") -> "JudgedArtifact":
        """The same with labels in the other's order; ValueError where they are not the same."""
        mine, theirs = self.finished.labels, other.finished.labels
        if sorted(mine) != sorted(theirs):
            differ = ", ".join(sorted(set(mine) ^ set(theirs))[:5])
            raise ValueError(
                f"two artifacts are compared on the same labels, got {len(mine)} in production and "
                f"{len(theirs)} in the candidate, of which only one has {differ}: promote it with "
                "--force --why TEXT, or as a model of another name"
            )
        return _with_labels(self, theirs)


def _with_labels(judged: JudgedArtifact, labels: tuple[str, ...]) -> JudgedArtifact:
    """The same for some of its labels, in that order."""
    columns = np.array([judged.finished.labels.index(label) for label in labels])
    said = replace(
        judged.said,
        logits_NK=judged.said.logits_NK[:, columns],
        labels_NK=judged.said.labels_NK[:, columns],
    )
    cuts_K = judged.finished.cuts_K[columns]
    finished = replace(judged.finished, labels=labels, cuts_K=cuts_K)
    return replace(judged, finished=finished, said=said)


def _on_dev(settings: PromoteRelease, finished: Finished, console: Console) -> JudgedArtifact:
    asked = RunOptions(
        corpus=settings.corpus,
        data=settings.data,
        download=settings.download,
        out=settings.models,
        store=settings.store or child(settings.models, "_store"),
    )
    evaluation = evaluate_on(
        finished,
        asked,
        lambda source, corpus: require_telling(
            *(DEV, source, corpus, settings.gates.least_texts),
            else_do="decide on texts of your own with --texts",
        ),
    )
    announce_corpus(console, evaluation.source, evaluation.taxonomy, f"{finished.name} on dev")
    return JudgedArtifact(
        finished=finished,
        said=evaluation.split_logits(DEV),
        split=DEV,
        corpus=evaluation.corpus.name,
        sha256=evaluation.corpus.sha256,
    )


def _on_own_texts(settings: PromoteRelease, finished: Finished, console: Console) -> JudgedArtifact:
    assert settings.texts is not None
    from emoray.artifact.runtime import load

    require_texts(finished, "a release on texts of one's own")
    path = local_copy(place_of(settings.texts))
    records, notes = labelled_texts(CorpusSource(source=str(path)), str(path))
    found = sorted({label for record in records for label in record.labels})
    known = {label.strip().casefold() for label in finished.labels}
    strange = [label for label in found if label.strip().casefold() not in known]
    if strange:
        raise ValueError(
            f"texts that decide have the artifact's labels ({', '.join(finished.labels)}), got "
            f"{strange[0]!r} in {settings.texts}: name labels as the artifact does"
        )
    require_enough(len(records), settings.texts, settings.gates.least_texts)
    labels_NK = np.zeros((len(records), len(finished.labels)), np.uint8)
    for row, record in enumerate(records):
        labels_NK[row, places_of(record.labels, finished.labels)] = 1
    texts = tuple(record.text for record in records)
    digest = hashlib.sha256("\n".join(f"{r.text}\t{','.join(r.labels)}" for r in records).encode())
    judged = JudgedArtifact(
        finished=finished,
        said=SplitLogits(
            logits_NK=load(finished.folder).logits(texts), labels_NK=labels_NK, inputs=texts
        ),
        split=OWN,
        corpus=name_of(place_of(settings.texts)),
        sha256=digest.hexdigest(),
    )
    console.print(f"{finished.name} on {len(texts):,} texts of {settings.texts}", soft_wrap=True)
    for note in notes:
        console.print(note, style="dim", **AS_IT_IS)
    absent = [finished.labels[k] for k in np.flatnonzero(~labels_NK.any(axis=0))]
    if not absent:
        return judged
    console.print(f"labels without a text there count for nothing: {', '.join(absent)}", **AS_IT_IS)
    kept = tuple(label for label in finished.labels if label not in absent)
    return _with_labels(judged, kept)


def judged_artifact(
    settings: PromoteRelease, finished: Finished, console: Console
) -> JudgedArtifact:
    """The artifact on the texts that decide; ValueError where they would tell nothing."""
    judge = _on_dev if settings.texts is None else _on_own_texts
    return judge(settings, finished, console)


def compared(before: JudgedArtifact, after: JudgedArtifact, margin: float) -> Comparison:
    """Compare two artifacts at their own thresholds: same texts, same resamples."""
    mine, theirs = own_decision(after.finished, after.said), before.like(after)
    return compare_decisions(own_decision(theirs.finished, theirs.said), mine, margin)


def verdict_of(found: Comparison, against: str) -> dict[str, Any]:
    """A comparison as the history keeps it."""
    change = found.macro_f1
    return {
        "against": against,
        "verdict": found.verdict,
        "margin": found.margin,
        "macro_f1_before": change.before,
        "macro_f1_after": change.after,
        "macro_f1_change": change.value,
        "macro_f1_low": change.low,
        "macro_f1_high": change.high,
        "equivalence_low": change.equivalence_low,
        "equivalence_high": change.equivalence_high,
        "mcnemar_p": found.mcnemar_p,
        "texts_lost": found.texts_lost,
        "texts_won": found.texts_won,
        "resamples": found.resamples,
        "words": found.words,
    }


def figures_table(
    judged: JudgedArtifact, measured: Mapping[str, Any], found: Comparison | None, gates: Gates
) -> Table:
    """What was measured of an artifact, beside production, and the gates."""
    failed = {gate for gate, _ in gates.failed(measured)}

    def gate(name: str) -> str:
        limit = gates.limits[name]
        if limit is None:
            return ""
        sign = "≥" if name.startswith("min") else "≤"
        return f"{sign} {limit:g} {'failed' if name in failed else 'passed'}"

    def live(measure: str) -> str:
        return NOTHING if found is None else f"{found.changes[measure].before:.4f}"

    made = table(
        f"{judged.split} of {judged.corpus}: {len(judged.said.inputs):,} texts",
        *("measure", "production", "promoted", "gate"),
    )
    macro, ece = measured["macro_f1"], measured["ece"]
    made.add_row("macro-F1 ↑", live("macro_f1"), f"{macro:.4f}", gate("min_macro_f1"))
    made.add_row("micro-F1 ↑", live("micro_f1"), f"{measured['micro_f1']:.4f}")
    made.add_row("ECE ↓", live("ece"), f"{ece:.4f}", gate("max_ece"))
    times, megabytes = measured["latency_p95_ms"], measured["size_bytes"] / MEGABYTE
    made.add_row("95th percentile ↓", "", f"{times:.3f} ms", gate("max_latency_p95_ms"))
    made.add_row("size ↓", "", f"{megabytes:.3f} MB", gate("max_size_mb"))
    return made
