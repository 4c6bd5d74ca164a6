"""A finished checkpoint before a corpus, and the stages that convert, compress and score it."""

from collections.abc import Callable
from dataclasses import dataclass

from emoray.data.corpus import Corpus, taxonomies_of
from emoray.data.goemotions import CorpusFolder
from emoray.labels import Taxonomy, same_labels
from emoray.models.encoder.finished.naming import Naming
from emoray.stages.checkpoint import ReadCheckpoint, ReadCorpus, ReadOwnCheckpoint, ScoreTorch
from emoray.stages.checkpoint_source import LoadedCheckpoint, find_loaded
from emoray.stages.conversion import Convert
from emoray.stages.evaluation import Evaluation, open_evaluation
from emoray.stages.finished_model import FinishedModel, made_readable
from emoray.stages.spec import OwnCorpusRef
from emoray.stages.speed import TORCH_INT8
from emoray.storage.location import local_copy
from emoray.workflows.settings.checkpoint import CheckpointOptions


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CheckpointEvaluation(Evaluation[LoadedCheckpoint]):
    """One checkpoint before one corpus, whose labels it may have or not."""

    @property
    def judged(self) -> bool:
        """Whether the corpus has the model's labels; its texts serve without them too."""
        return same_labels(self.subject.checkpoint.labels, (self.taxonomy,)) is not None

    @property
    def converted(self) -> Convert:
        """The checkpoint as float ONNX."""
        return Convert(
            sha256=self.subject.checkpoint.sha256,
            max_tokens=self.subject.max_tokens,
            folder=self.subject.checkpoint.folder,
        )

    @property
    def checkpoint(self) -> ReadCheckpoint:
        """The checkpoint as other stages read it."""
        found, corpus = self.subject.checkpoint, self.corpus_ref
        if isinstance(corpus, OwnCorpusRef):
            return ReadOwnCheckpoint(
                sha256=found.sha256,
                taxonomy=self.taxonomy.name,
                max_tokens=self.subject.max_tokens,
                folder=found.folder,
                labels=corpus.labels,
                foreign=found.kind == "foreign",
            )
        return ReadCheckpoint(
            sha256=found.sha256,
            taxonomy=self.taxonomy.name,
            max_tokens=self.subject.max_tokens,
            folder=found.folder,
            foreign=found.kind == "foreign",
        )

    @property
    def text(self) -> ReadCorpus:
        """The corpus as the checkpoint's tokenizer reads it."""
        return ReadCorpus(checkpoint=self.checkpoint, corpus=self.corpus_ref)

    def torch(self, name: str) -> ScoreTorch:
        """PyTorch's logits: of float32, or of its own int8."""
        return ScoreTorch(checkpoint=self.checkpoint, text=self.text, by_torch=name == TORCH_INT8)


def open_checkpoint(
    options: CheckpointOptions,
    taxonomy_of: Callable[[LoadedCheckpoint, CorpusFolder], Taxonomy],
) -> CheckpointEvaluation:
    """Load the checkpoint and the corpus; ValueError for whatever cannot be evaluated.

    Args:
        options: of the job.
        taxonomy_of: the taxonomy of the corpus that is read for a checkpoint.

    Returns:
        Both, with the store that the job uses.
    """

    def require(source: CorpusFolder, corpus: Corpus) -> None:
        if corpus.test.features_NF is not None:
            raise ValueError(
                f"an encoder reads texts, got the corpus {source.name} of features: bring a corpus "
                "of texts"
            )

    def find(source: CorpusFolder) -> tuple[LoadedCheckpoint, Taxonomy]:
        among = taxonomies_of(source.folder)
        folder = made_readable(
            FinishedModel(
                folder=local_copy(options.model),
                naming=Naming(labels=options.label_names, problem_type=options.problem_type),
                base=None if options.base is None else local_copy(options.base),
            )
        )
        found = find_loaded(folder, max_tokens=options.max_tokens, among=among)
        return found, taxonomy_of(found, source)

    what = "a model's folder"
    return open_evaluation(
        *(CheckpointEvaluation, options, options.model, find), what=what, require=require
    )
