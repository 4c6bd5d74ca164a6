"""A family that only this test knows goes the whole way: planned, trained, compressed, scored,
decided, combined, shipped, and run by onnxruntime."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from emoray.artifact.runtime import load
from emoray.data.corpus import read_splits, taxonomies_of
from emoray.data.goemotions import CorpusFolder
from emoray.decide.ensemble import MeanLogits
from emoray.decide.weighing import FittedWeights
from emoray.models.sampling import Bootstrap
from emoray.quant.granularity import PerChannel
from emoray.quant.policy import Adaptive, Scheme
from emoray.quant.scheme import FLOAT, Dynamic, ModelScheme, Qat, QuantScheme, Static
from emoray.search.ensemble_plans import diverse
from emoray.search.overrides import SpaceOverrides, own_vectors
from emoray.search.spaces import Space
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
from emoray.text.vectors.settings import OwnVectors
from emoray.workflows.row_decision import RowDecision
from emoray.workflows.ship import ship_point
from tests.stages.families.votes import VoteFamily, VoteRecipe

WORDS = {"anger": "furious rage hate", "joy": "delighted glad love"}
FILLING = "so it was and then we all went on with the day as ever".split()
EIGHT = QuantScheme(bits=8, grain=PerChannel(-1))
SCHEMES: dict[str, Scheme] = {
    "float": FLOAT,
    "dynamic": ModelScheme(dense=EIGHT, activations=Dynamic()),
    "static": ModelScheme(dense=EIGHT, embedding=EIGHT, activations=Static()),
    "adaptive": Adaptive(bits=4),
    "trained under its codes": ModelScheme(dense=EIGHT, embedding=EIGHT, qat=Qat(epochs=1)),
}
DECISIONS = (Decision(),)


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAMILIES, VoteRecipe.family, VoteFamily())


def lines(split: str) -> Iterator[str]:
    for i in range(24):
        label, words = list(enumerate(WORDS.values()))[i % 2]
        filling = [FILLING[(i * 5 + j) % len(FILLING)] for j in range(4)]
        text = " ".join([*filling, split, words.split()[i % 3]])  # no text stands in two splits
        yield f"{text}\t{label}\t{split}{i}\n"


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> CorpusSummary:
    """A corpus of which each text has one word that says its label, looked at."""
    folder = tmp_path_factory.mktemp("votes")
    (folder / "labels.txt").write_text("\n".join(WORDS))
    for split in ("train", "dev", "test"):
        (folder / f"{split}.tsv").write_text("".join(lines(split)))
    (taxonomy,) = taxonomies_of(folder)
    found = read_splits(folder, name="votes", taxonomy=taxonomy)
    return CorpusSummary(
        data=Data(corpus=CorpusRef.of(found, folder)),
        source=CorpusFolder(name="votes", folder=folder, why="made"),
        taxonomy=taxonomy,
        train=len(found.train),
        dev=len(found.dev),
        test=len(found.test),
        leaked=int(found.leaked_N.sum()),
    )


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("votes-store") / "store")


def decided(facts: CorpusSummary, scheme: Scheme, recipe: VoteRecipe | None = None) -> Decide:
    chosen = reading(facts, recipe or VoteRecipe(taxonomy="own"))
    return deciding(training(chosen, facts.data), scheme, DECISIONS)


def row_of(folder: Path) -> dict[str, Any]:
    (row,) = read_table(folder / "points.parquet", MeasuredPointRow).to_pylist()
    return dict(row)


@pytest.mark.parametrize("name", SCHEMES)
def test_its_models_are_made_decided_shipped_and_run(
    name: str, facts: CorpusSummary, store: Store, tmp_path: Path
) -> None:
    decide = decided(facts, SCHEMES[name])
    folder = store.make(decide).folder
    row = row_of(folder)
    assert (row["family"], row["pooling"], row["vectors"]) == ("votes", "mean", "votes")
    assert row["test_macro_f1"] > 0.9, "a text's one word says its label"
    (cuts_K,) = read_fitted(folder, DECISIONS).cuts_RK
    ship_point(
        row, RowDecision.of(row, cuts_K), store.folder(decide.compressed), tmp_path / "artifact"
    )
    classifier = load(tmp_path / "artifact")
    assert classifier(["we all hate it", "so glad and delighted"]).labels == [["anger"], ["joy"]]
    test = facts.data.corpus.read_test("own")
    with np.load(store.folder(decide.scored) / LOGITS) as scored:
        np.testing.assert_allclose(classifier.logits(test.texts), scored["test"], atol=1e-5)


def test_a_compressed_one_is_compared_with_its_float_parent(
    facts: CorpusSummary, store: Store
) -> None:
    asked = comparing(decided(facts, SCHEMES["static"]))
    assert asked is not None
    assert (store.make(asked).folder / "comparisons.parquet").stat().st_size > 0


def test_its_variants_make_an_ensemble(facts: CorpusSummary, store: Store) -> None:
    (base,) = FAMILIES["votes"].start_recipes("own", (), ())
    plan = diverse(3, [base])
    assert {recipe.sample for recipe in plan.recipes} == {base.sample, Bootstrap()}
    members = [decided(facts, FLOAT, recipe) for recipe in plan.recipes]
    row = row_of(
        store.make(Combine.of(members, FittedWeights(MeanLogits()), plan=plan.name)).folder
    )
    assert row["family"] == "ensemble" and row["test_macro_f1"] > 0.9


def test_its_recipes_come_back_from_their_specs() -> None:
    recipe = VoteRecipe(weight=2.0, sample=Bootstrap())
    assert read_spec(written_spec(recipe)) == recipe
    assert recipe.without_seed() == recipe == replace(recipe, seed=3).without_seed()


def test_a_search_says_in_its_own_tokens_how_much_is_read(facts: CorpusSummary) -> None:
    recipe = reading(facts, VoteRecipe(taxonomy="own"))
    assert list(limit_sentences(facts, [recipe])) == [
        "up to 64 votes of a text are read: 0 of 24 train texts are longer and lose their end"
    ]


def test_overrides_of_what_it_does_not_have_leave_its_recipes(facts: CorpusSummary) -> None:
    space = Space(recipes=(VoteRecipe(),), schemes=(FLOAT,), decisions=DECISIONS)
    changed = SpaceOverrides(vectors=(OwnVectors(),), seeds=2).of(space)
    assert changed.recipes == (VoteRecipe(), VoteRecipe(seed=1))
    assert own_vectors(changed) == []
