"""The `features` family's own stages: rows as training reads them, and their training."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import numpy as np

from emoray.data.features import FeatureNames
from emoray.models.features.recipe import FeatureRecipe
from emoray.models.sampling import calibrated_on_shots
from emoray.stages.encoding import TOKENIZER, VOCABULARY, read_padded
from emoray.stages.families.protocol import TextStage
from emoray.stages.spec import FeatureCorpusRef
from emoray.stages.tokens import FACTS, SPLITS
from emoray.stages.trained import WEIGHTS, read_train, training_rows
from emoray.tables.rows import TrainingRow


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadFeatures:
    """A corpus of features with its labels in one taxonomy."""

    name: ClassVar[str] = "features"
    version: ClassVar[int] = 1

    corpus: FeatureCorpusRef
    taxonomy: str

    def vectors_name(self, dim: int) -> str:
        """Name in tables of the features, cut to `dim` components."""
        name = f"{self.corpus.width} features"
        return name if dim == self.corpus.width else f"{name}-pca{dim}"

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write rows and labels of each split, what an artifact says of its features, and facts."""
        corpus = self.corpus.read(self.taxonomy)
        for split in SPLITS:
            rows = corpus.split(split)
            assert rows.features_NF is not None
            path = out / f"{split}.npz"
            np.savez(path, features_NF=rows.features_NF, labels_NK=rows.labels_NK)
        names = FeatureNames.read(self.corpus.folder)
        assert names is not None
        (out / VOCABULARY).write_text("")
        (out / TOKENIZER).write_text(json.dumps({"kind": "features", **names.to_json()}))
        (out / FACTS).write_text(json.dumps({"changed_pieces_share": 0.0, "truncated_share": 0.0}))
        np.save(out / "leaked.npy", corpus.leaked_N)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainFeatures:
    """Train one recipe with one seed."""

    name: ClassVar[str] = "train_features"
    version: ClassVar[int] = 1

    recipe: FeatureRecipe
    text: TextStage

    @property
    def targets(self) -> None:
        """None: no teacher reads features."""
        return None

    def run(self, inputs: dict[str, Path], out: Path) -> None:
        """Write `weights.npz` and `trainings.parquet`."""
        from emoray.decide.crossfit import cross_fitted_macro_f1
        from emoray.decide.thresholds import PerLabel
        from emoray.models.features.training import train_features
        from emoray.tables.files import write_table

        dev = read_padded(inputs["text"], "dev")
        trained = train_features(
            self.recipe,
            train=read_train(self.recipe, inputs["text"]),
            dev=dev,
            keep_last=calibrated_on_shots(self.recipe.sample) is not None,
            score=lambda logits_NK: cross_fitted_macro_f1(PerLabel(), logits_NK, dev.labels_NK),
        )
        np.savez(out / WEIGHTS, allow_pickle=False, **trained.tensors)
        rows = training_rows(self, self.recipe, trained)
        write_table(rows, out / "trainings.parquet", TrainingRow)
