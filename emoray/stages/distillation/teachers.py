"""What a teacher answers: logits of texts, from an artifact or from models trained by folds.

Shapes: N texts, K labels of the taxonomy, C labels of the corpus.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.labels import Taxonomy, places_of
from emoray.models.sampling import LeaveOut, fold_of
from emoray.stages.compression import BASE, Compress
from emoray.stages.distillation.refs import TeacherRef
from emoray.stages.distillation.texts import NO_SOURCE, AskedTexts, TrainTexts, TransferTexts
from emoray.stages.encoding import TOKENIZER, VOCABULARY
from emoray.text.normal_steps import served_settings
from emoray.text.vocabulary import Ragged

LOGITS = "logits.npy"  # logits_NK, float32


def in_taxonomy(logits_NC: np.ndarray, labels: tuple[str, ...], taxonomy: Taxonomy) -> np.ndarray:
    """Logits of a taxonomy's labels from those of an artifact.

    Where the artifact has the corpus' own labels, a group of them is there unless none of its
    members is: 1 - p is the product of theirs (noisy or), which for one member is itself.

    Args:
        logits_NC: of the artifact.
        labels: in its order.
        taxonomy: whose labels are wanted.

    Returns:
        logits_NK, float32.
    """
    if sorted(map(str.casefold, labels)) == sorted(map(str.casefold, taxonomy.labels)):
        return logits_NC[:, places_of(taxonomy.labels, labels)]
    of_corpus_NC = logits_NC[:, places_of(taxonomy.of, labels)].astype(np.float64)
    none_NC = np.logaddexp(0, of_corpus_NC)  # -log(1 - p)
    none_NK = np.stack([none_NC[:, list(ids)].sum(1) for ids in taxonomy.members], axis=1)
    return np.asarray(none_NK + np.log(-np.expm1(-none_NK)), np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class TeacherLogits:
    """Logits of an artifact for texts, run as a user would, computed once for all students."""

    name: ClassVar[str] = "teacher"
    version: ClassVar[int] = 1

    teacher: TeacherRef
    texts: TrainTexts | TransferTexts
    taxonomy: str

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `logits.npy`."""
        from emoray.artifact import runtime
        from emoray.artifact.loading import open_artifact

        finished = open_artifact(self.teacher.folder)
        if finished.model_sha256 != self.teacher.sha256:
            raise ValueError(
                f"a teacher must not change during a run, got another model in {finished.folder}: "
                "start the run again"
            )
        asked = AskedTexts.read(inputs["texts"])
        logits_NC = runtime.load(finished.folder).logits(asked.texts)
        taxonomy = self.texts.corpus.taxonomy(self.taxonomy)
        np.save(out / LOGITS, in_taxonomy(logits_NC, finished.labels, taxonomy))


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossFittedLogits:
    """Logits of texts by models that have not learned what they were made from.

    The mean over the models of a text's fold; over all where it was made from no text of train.

    Attributes:
        compressed: models, each trained without one fold.
        texts: to label.
        folds: that train is parted into.
    """

    name: ClassVar[str] = "teacher_by_folds"
    version: ClassVar[int] = 1

    compressed: tuple[Compress, ...]
    texts: TrainTexts | TransferTexts
    folds: int

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `logits.npy`."""
        from emoray.artifact.runtime import Reader
        from emoray.artifact.scoring import logits

        asked = AskedTexts.read(inputs["texts"])
        texts, source_N = asked.texts, asked.source_N
        fold_N = fold_of(len(self.texts.corpus.texts("train")), self.folds)[source_N]
        fold_N[source_N == NO_SOURCE] = NO_SOURCE
        total_NK, models_N1 = np.zeros(()), np.zeros((len(texts), 1))
        for i, compressed in enumerate(self.compressed):
            sample, base = compressed.trained.recipe.sample, inputs[f"compressed.{i}"] / BASE
            assert isinstance(sample, LeaveOut)
            rows = np.flatnonzero((fold_N == sample.fold) | (fold_N == NO_SOURCE))
            reader = Reader(*((base / name).read_bytes() for name in (VOCABULARY, TOKENIZER)))
            ids = Ragged.from_lists(reader.ids(texts[row]) for row in rows)
            found = logits(base / "model.onnx", ids)
            if not total_NK.shape:
                total_NK = np.zeros((len(texts), found.shape[1]))
            total_NK[rows] += found
            models_N1[rows] += 1
        np.save(out / LOGITS, (total_NK / models_N1).astype(np.float32))


def text_ids(texts: tuple[str, ...], text_stage: Path) -> Ragged:
    """Token ids of other texts, as an artifact with the vocabulary of a finished stage reads them.

    Args:
        texts: to read.
        text_stage: folder of a family's text stage.

    Returns:
        Their ids.
    """
    from emoray.artifact.runtime import Reader

    settings = served_settings(json.loads((text_stage / TOKENIZER).read_text("utf-8")))
    reader = Reader((text_stage / VOCABULARY).read_bytes(), json.dumps(settings).encode())
    return Ragged.from_lists(reader.ids(text) for text in texts)
