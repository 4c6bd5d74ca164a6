"""Rows of features go the whole way: planned, trained, compressed, scored, decided, combined,
shipped, and classified by onnxruntime."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest

from emoray.artifact.runtime import load
from emoray.data.corpus import read_splits, taxonomies_of
from emoray.data.goemotions import CorpusFolder
from emoray.data.importing.importing import import_corpus
from emoray.data.importing.settings import CorpusSource
from emoray.decide.ensemble import MeanLogits
from emoray.decide.weighing import FittedWeights
from emoray.models.augmentation import BackTranslation
from emoray.models.features.recipe import FeatureRecipe
from emoray.models.heads import Head
from emoray.models.word.recipe import GloveRecipe
from emoray.quant.granularity import PerChannel
from emoray.quant.policy import Adaptive, Scheme
from emoray.quant.scheme import FLOAT, Dynamic, ModelScheme, Qat, QuantScheme, Static
from emoray.search.text_lengths import limit_sentences, reading
from emoray.stages.compression import LOGITS
from emoray.stages.decisions import Decide
from emoray.stages.ensembles import Combine
from emoray.stages.families.registry import FAMILIES
from emoray.stages.fitted import read_fitted
from emoray.stages.inputs import CorpusSummary
from emoray.stages.plan import comparing, deciding, training
from emoray.stages.spec import CorpusRef, Data, Decision
from emoray.stages.spec_json import read_spec, written_spec
from emoray.storage.store.local import Store
from emoray.tables.files import read_table
from emoray.tables.point_rows import MeasuredPointRow
from emoray.workflows.row_decision import RowDecision
from emoray.workflows.ship import ship_point
from tests.data.made_features import WIDTH, rows, write_lists

EIGHT = QuantScheme(bits=8, grain=PerChannel(-1))
SCHEMES: dict[str, Scheme] = {
    "float": FLOAT,
    "dynamic": ModelScheme(dense=EIGHT, activations=Dynamic()),
    "static": ModelScheme(dense=EIGHT, activations=Static()),
    "four bits": ModelScheme(dense=QuantScheme(bits=4, grain=PerChannel(-1))),
    "adaptive": Adaptive(bits=5),
    "trained under its codes": ModelScheme(dense=EIGHT, qat=Qat(epochs=1)),
}
DECISIONS = (Decision(),)
WHOLE = FeatureRecipe(
    taxonomy="own", embedding_dim=WIDTH, hidden_units=16, epochs=12, learning_rate=0.02, dropout=0.0
)
CUT = replace(WHOLE, embedding_dim=4)


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> CorpusSummary:
    folder = tmp_path_factory.mktemp("features")
    path = write_lists(folder / "made.parquet")
    source = CorpusSource(source=str(path), feature_columns=("vector",))
    made = import_corpus(source, str(path), folder / "cache")
    (taxonomy,) = taxonomies_of(made.folder)
    found = read_splits(made.folder, name="made", taxonomy=taxonomy)
    return CorpusSummary(
        data=Data(corpus=CorpusRef.of(found, made.folder)),
        source=CorpusFolder(name="made", folder=made.folder, why="made"),
        taxonomy=taxonomy,
        train=len(found.train),
        dev=len(found.dev),
        test=len(found.test),
        leaked=int(found.leaked_N.sum()),
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("features-store") / "store")


def decided(facts: CorpusSummary, scheme: Scheme, recipe: FeatureRecipe = WHOLE) -> Decide:
    return deciding(training(reading(facts, recipe), facts.data), scheme, DECISIONS)


def row_of(folder: Path) -> dict[str, Any]:
    (row,) = read_table(folder / "points.parquet", MeasuredPointRow).to_pylist()
    return dict(row)


@pytest.mark.parametrize("recipe", [WHOLE, CUT], ids=["whole", "cut"])
@pytest.mark.parametrize("name", SCHEMES)
def test_its_models_are_made_decided_shipped_and_run(
    name: str, recipe: FeatureRecipe, facts: CorpusSummary, store: Store, tmp_path: Path
) -> None:
    decide = decided(facts, SCHEMES[name], recipe)
    folder = store.make(decide).folder
    row = row_of(folder)
    vectors = "6 features" if recipe is WHOLE else "6 features-pca4"
    assert (row["family"], row["pooling"], row["vectors"]) == ("features", "none", vectors)
    assert (row["vocabulary"], row["embedding_bytes"]) == (0, 0)
    if recipe is WHOLE:
        assert row["test_macro_f1"] > 0.9, "the sign of a feature says each label"
    (cuts_K,) = read_fitted(folder, DECISIONS).cuts_RK
    ship_point(
        row, RowDecision.of(row, cuts_K), store.folder(decide.compressed), tmp_path / "artifact"
    )
    classifier = load(tmp_path / "artifact")
    assert (classifier.reads, classifier.width) == ("features", WIDTH)
    test = facts.data.corpus.read_test("own")
    with np.load(store.folder(decide.scored) / LOGITS) as scored:
        np.testing.assert_allclose(classifier.logits(test.inputs), scored["test"], atol=1e-5)
    assert test.features_NF is not None
    np.testing.assert_array_equal(
        classifier.predict(test.features_NF), classifier.predict(test.inputs)
    )


def test_the_graph_standardizes_what_it_reads(facts: CorpusSummary, store: Store) -> None:
    decide = decided(facts, FLOAT)
    store.make(decide)
    model = onnx.load(store.folder(decide.compressed) / "artifact" / "model.onnx")
    (given,) = model.graph.input
    assert (given.name, given.type.tensor_type.elem_type) == ("features", onnx.TensorProto.FLOAT)
    assert given.type.tensor_type.shape.dim[1].dim_value == WIDTH
    assert [node.op_type for node in model.graph.node[:3]] == ["Sub", "Mul", "Clip"]


def test_a_constant_feature_has_no_weight_whatever_it_is_later(
    facts: CorpusSummary, store: Store, tmp_path: Path
) -> None:
    decide = decided(facts, FLOAT)
    folder = store.make(decide).folder
    (cuts_K,) = read_fitted(folder, DECISIONS).cuts_RK
    ship_point(
        row_of(folder),
        RowDecision.of(row_of(folder), cuts_K),
        store.folder(decide.compressed),
        tmp_path / "artifact",
    )
    features_NF, _ = rows(20, seed=1)
    changed_NF = features_NF.copy()
    changed_NF[:, 4] = -300.0
    classifier = load(tmp_path / "artifact")
    np.testing.assert_array_equal(classifier.logits(features_NF), classifier.logits(changed_NF))


def test_a_compressed_one_is_compared_with_its_float_parent(
    facts: CorpusSummary, store: Store
) -> None:
    asked = comparing(decided(facts, SCHEMES["static"]))
    assert asked is not None
    assert (store.make(asked).folder / "comparisons.parquet").stat().st_size > 0


def test_its_variants_make_an_ensemble(facts: CorpusSummary, store: Store) -> None:
    variants = [
        replace(recipe, epochs=3, seed=i)
        for i, recipe in enumerate(FAMILIES["features"].variants(WHOLE))
    ]
    assert len(set(variants)) == 5
    members = [decided(facts, FLOAT, recipe) for recipe in variants[:3]]
    row = row_of(store.make(Combine.of(members, FittedWeights(MeanLogits()), plan="made")).folder)
    assert row["family"] == "ensemble" and row["test_macro_f1"] > 0.8


def test_its_recipes_come_back_from_their_specs() -> None:
    recipe = FeatureRecipe(embedding_dim=3, layers=2, ema=0.9)
    assert read_spec(written_spec(recipe)) == recipe
    assert str(recipe) == "ekman d3 l2x64 bce ema0.9"


def test_nothing_is_said_of_tokens(facts: CorpusSummary) -> None:
    assert reading(facts, WHOLE) == WHOLE
    assert list(limit_sentences(facts, [WHOLE])) == []


REFUSED_KNOBS = {
    "embedding_dim must be at least 1, got 0": {"embedding_dim": 0},
    r"dropout must lie in \[0, 1\), got 1": {"dropout": 1.0},
    "learning_rate must be above 0": {"learning_rate": 0.0},
    "no words to translate": {"augmentation": BackTranslation()},
    "no tokens to count, got max_tokens 128: leave it out": {"max_tokens": 128},
    r"got \+sentiment.* for features: leave heads out": {"heads": (Head("sentiment"),)},
}


@pytest.mark.parametrize("words", REFUSED_KNOBS)
def test_knobs_that_make_no_sense_are_refused(words: str) -> None:
    with pytest.raises(ValueError, match=words):
        FeatureRecipe(**REFUSED_KNOBS[words])  # type: ignore[arg-type]


def test_more_dimensions_than_features_or_rows_are_refused(facts: CorpusSummary) -> None:
    with pytest.raises(ValueError, match="exceed the features' own 6, got 7: ask for fewer"):
        training(replace(WHOLE, embedding_dim=7), facts.data)
    few = replace(facts.data, corpus=replace(facts.data.corpus, width=500))  # type: ignore[call-arg]
    words = r"got 400 dimensions and 192 rows of train: ask for fewer.*--dim 48"
    with pytest.raises(ValueError, match=words):
        training(replace(WHOLE, embedding_dim=400), few)
    training(replace(WHOLE, embedding_dim=48), few)


def test_texts_and_features_are_not_taken_for_each_other(facts: CorpusSummary) -> None:
    with pytest.raises(ValueError, match="glove recipes read texts, got the corpus made of feat"):
        training(GloveRecipe(), facts.data)
    texts = Data(corpus=CorpusRef(name="tweets", sha256="0", folder=Path("/nowhere")))
    with pytest.raises(ValueError, match="read rows of features, got the corpus tweets of texts"):
        training(WHOLE, texts)
