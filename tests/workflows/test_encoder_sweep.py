"""A sweep of encoders on a real local Ray: the tables, artifacts and report of word vectors."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emoray.artifact import runtime
from emoray.data.corpus import read_splits
from emoray.data.goemotions import sample
from emoray.labels import taxonomy
from emoray.search import spaces
from emoray.stages.spec import EncoderRef
from emoray.workflows.settings.sweep import Sweep
from emoray.workflows.sweep import run_sweep
from tests.models.encoder.encoders_made import make_encoder
from tests.runs import Run, swept


def few_schemes(taxonomy: str, encoders: Sequence[EncoderRef]) -> spaces.Space:
    """`bert-smoke` with one scheme of each kind: floats, integers, policy, trained on, trained."""
    whole = spaces.bert_smoke(taxonomy, encoders)
    return replace(whole, schemes=tuple(whole.schemes[i] for i in (0, 1, 4, 6, 7, 8)))


@pytest.fixture(scope="module")
def run(local_ray: None, tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder = tmp_path_factory.mktemp("bert")
    encoder = make_encoder(folder / "tiny", "distilbert", positions=32)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(spaces.BERT_GRIDS, "bert-few", few_schemes)
        return swept(
            Sweep(
                space="bert-few",
                taxonomy="sentiment",
                out=folder / "out",
                encoders=(str(encoder),),
                download=False,
            )
        )


@pytest.fixture
def again(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The same command once more."""
    monkeypatch.setitem(spaces.BERT_GRIDS, "bert-few", few_schemes)
    return swept(run.sweep)


def test_every_kind_of_compression_leaves_rows(run: Run) -> None:
    points = run.searched
    assert run.tables["failures"].empty
    assert set(points["family"]) == {"bert"}
    assert set(points["vectors"]) == {"tiny"}
    assert set(points["training"]) == {"none", "ptq", "qat", "more"}
    assert points["scheme"].nunique() == 6
    assert set(points["activations"]) >= {"weight_only", "dynamic"}


def test_shares_of_integers_say_what_each_scheme_does(run: Run) -> None:
    models = run.searched.drop_duplicates("model").set_index("scheme")
    floats = models.loc["float32"]
    assert floats["quantized_bytes_share"] == floats["integer_products_share"] == 0
    integer = models[models["activations"] == "dynamic"]
    assert (integer["integer_products_share"] > 0.5).all()
    codes = models.drop(["float32", "float32~more1"])
    assert (codes["quantized_bytes_share"] > 0.5).all()


def test_what_trained_for_its_codes_is_compared_with_float_weights_that_trained_as_long(
    run: Run,
) -> None:
    points = run.tables["points"].set_index("point")
    pairs = run.tables["comparisons"]
    trained = pairs["after"].map(points["training"])
    beside = pairs["before"].map(points["scheme"])
    assert set(beside[trained == "qat"]) == {"float32~more1"}
    assert set(beside[trained != "qat"]) == {"float32"}
    assert (points.loc[points["training"] == "more", "bits"] == 32).all()


def test_the_policy_says_why_for_every_tensor(run: Run) -> None:
    points, layers = run.searched, run.tables["layers"]
    adaptive = set(points.loc[points["ranges"] == "adaptive", "model"])
    assert adaptive
    told = layers[layers["model"].isin(adaptive)]
    assert told["why"].str.len().min() > 0
    assert (layers.loc[~layers["model"].isin(adaptive), "why"] == "").all()


def test_refinements_write_their_epochs_too(run: Run) -> None:
    trainings = run.tables["trainings"]
    assert set(trainings["training_id"].str.split("-").str[0]) == {"finetune", "refine"}


def test_an_artifact_says_what_its_row_scored(run: Run) -> None:
    points = run.searched
    row = points[points["on_front"]].iloc[0]
    classifier = runtime.load(run.folder / row["artifact"])
    corpus = read_splits(sample().folder, name="sample", taxonomy=taxonomy("sentiment"))
    logits_NK = classifier.logits(corpus.test.texts)
    decided_NK = logits_NK >= classifier.cuts_K
    true_NK = corpus.test.labels_NK.astype(bool)
    hits = (decided_NK & true_NK).sum(0)
    f1 = 2 * hits / np.maximum(1, decided_NK.sum(0) + true_NK.sum(0))
    assert f1.mean() == pytest.approx(row["test_macro_f1"], abs=1e-12)


def test_the_same_command_again_makes_nothing(run: Run, again: Run) -> None:
    assert len(again.journal) == len(run.journal)


def test_encoders_without_a_bert_space_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="encoders are for the bert spaces, got tiny with space"):
        run_sweep(Sweep(space="smoke", out=tmp_path, encoders=("tiny",), download=False))


def test_more_layers_than_the_encoder_has_are_refused_before_ray_starts(tmp_path: Path) -> None:
    encoder = make_encoder(tmp_path / "tiny", "bert", positions=32)
    sweep = Sweep(
        space="bert-smoke",
        out=tmp_path / "out",
        encoders=(str(encoder),),
        layers=(3,),
        download=False,
    )
    with pytest.raises(ValueError, match="layers must not exceed the encoder's 2, got 3 for tiny"):
        run_sweep(sweep)
    assert not (tmp_path / "out").exists()
