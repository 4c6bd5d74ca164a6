"""The `bert` family's stages on the embedded sample: token pieces, then a short fine-tuning."""

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from emoray.artifact.runtime import Reader, tokenizer_of
from emoray.decide.crossfit import cross_fitted_macro_f1
from emoray.decide.thresholds import PerLabel
from emoray.labels import taxonomy
from emoray.models.encoder.finetune import fine_tune
from emoray.models.encoder.module import EncoderClassifier
from emoray.models.encoder.recipe import AllPieces, BertRecipe, UsedPieces
from emoray.models.encoder.weights import CheckpointSettings, read_encoder
from emoray.models.memory import GpuOutOfMemoryError
from emoray.models.outcome import Epoch
from emoray.quant.catalogue import quick_schemes
from emoray.stages.compression import BASE, LOGITS
from emoray.stages.encoder_training import ENCODER, EncodeSubwords, FineTune
from emoray.stages.encoding import SPLITS, read_padded, read_texts
from emoray.stages.families.encoder import EncoderFamily
from emoray.stages.inputs import require_encoder, summarize_corpus
from emoray.stages.memory import enough_memory
from emoray.stages.plan import deciding, training
from emoray.stages.spec import Data, all_decisions, recipe_id
from emoray.stages.trained import read_tensors
from emoray.storage.store.keys import UNFINISHED, id_of, key_of
from emoray.storage.store.local import Store
from emoray.tables.files import read_table
from emoray.tables.rows import TrainingRow
from emoray.text.subwords import PieceTokenizer
from emoray.text.vocabulary import UNKNOWN
from tests.models.encoder.encoders_made import Kind, make_encoder
from tests.text.unigram_made import as_xlm_r

RECIPE = BertRecipe(
    taxonomy="sentiment",
    encoder="bert",
    layers=1,
    embedding_dim=8,
    pieces=UsedPieces(min_count=2, allowance=50),
    epochs=2,
    learning_rate=1e-3,
    batch_size=32,
    max_tokens=24,
)
INT8 = quick_schemes()["int8-sym-channel-minmax+emb:int8-sym-row-minmax@dynamic"]
LONG = pytest.mark.long
SAID = ("ﬁne, thanks 😭", "naïve \u200b 10½ ™ days\r\n", "[NAME] <mask> 你好")
FRAMED = {"bert": ("[CLS]", "[SEP]"), "roberta": ("<s>", "</s>")}


@pytest.fixture(scope="module")
def encoders(tmp_path_factory: pytest.TempPathFactory) -> Data:
    """The sample, and two tiny encoders found by their folders."""
    root = tmp_path_factory.mktemp("encoders")
    kinds: tuple[Kind, ...] = ("bert", "roberta")
    folders = [str(make_encoder(root / kind, kind)) for kind in kinds]
    return summarize_corpus(RECIPE.taxonomy, None, download=False, encoders=folders).data


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return Store(tmp_path_factory.mktemp("finetuning") / "store")


def planned(data: Data, recipe: BertRecipe = RECIPE) -> FineTune:
    stage = training(recipe, data)
    assert isinstance(stage, FineTune)
    return stage


@pytest.fixture(scope="module")
def done(encoders: Data, store: Store) -> Path:
    """The folder of the finished `RECIPE`."""
    return store.make(planned(encoders)).folder


def pieces_of(encoders: Data, name: str, *, all_of_them: bool) -> EncodeSubwords:
    kept = AllPieces() if all_of_them else RECIPE.pieces
    return planned(encoders, replace(RECIPE, encoder=name, pieces=kept)).text


@pytest.mark.parametrize("name", ["bert", "roberta"])
@pytest.mark.parametrize("all_of_them", [False, True], ids=["used", "all"])
def test_an_artifact_gives_every_text_the_ids_it_was_trained_with(
    encoders: Data, store: Store, name: str, all_of_them: bool
) -> None:
    stage = pieces_of(encoders, name, all_of_them=all_of_them)
    folder = store.make(stage).folder
    pieces = (folder / "vocabulary.txt").read_bytes().decode().removesuffix("\n").split("\n")
    ids = {piece: i for i, piece in enumerate(pieces, start=2)}
    tokenize = tokenizer_of(json.loads((folder / "tokenizer.json").read_text("utf-8")), ids)
    assert (len(pieces) < 590) is (name == "bert" and not all_of_them)
    corpus = stage.corpus.read(stage.taxonomy)
    for split in SPLITS:
        ragged, labels_NK = read_texts(folder, split)
        np.testing.assert_array_equal(labels_NK, corpus.split(split).labels_NK)
        for i, line in enumerate(corpus.split(split).texts):
            assert [ids.get(piece, UNKNOWN) for piece in tokenize(line)] == ragged.row(i).tolist()
        assert ragged.lengths.max() == RECIPE.max_tokens and ragged.lengths.min() >= 2
        first, last = (ids[piece] for piece in FRAMED[name])
        assert all(ragged.row(i)[0] == first for i in range(len(ragged)))
        assert all(ragged.row(i)[-1] == last for i in range(len(ragged)))
    np.testing.assert_array_equal(np.load(folder / "leaked.npy"), corpus.leaked_N)


def test_pieces_follow_the_corpus_and_the_encoder_not_the_rest_of_the_recipe(
    encoders: Data,
) -> None:
    text = planned(encoders).text
    assert key_of(planned(encoders, replace(RECIPE, seed=1, layers=2)).text) == key_of(text)
    others = (replace(RECIPE, encoder="roberta"), replace(RECIPE, pieces=AllPieces()))
    keys = {key_of(planned(encoders, other).text) for other in (RECIPE, *others)}
    assert len(keys) == 3
    assert text.vectors_name(32) == "bert" and text.vectors_name(8) == "bert-svd8"


def test_a_finished_fine_tuning_is_an_encoder_again(
    encoders: Data, store: Store, done: Path
) -> None:
    stage = planned(encoders)
    text = store.folder(stage.text)
    files = {path.name for path in done.iterdir() if path.is_file()} - {"manifest.json"}
    assert files == {
        "weights.npz",
        "encoder.json",
        "vocabulary.txt",
        "tokenizer.json",
        "labels.txt",
        "trainings.parquet",
    }
    for name in ("vocabulary.txt", "tokenizer.json"):
        assert (done / name).read_bytes() == (text / name).read_bytes()
    assert tuple((done / "labels.txt").read_text().split("\n")) == taxonomy("sentiment").labels
    again = require_encoder(str(done / ENCODER))
    assert (again.layers, again.width, again.positions) == (1, 32, 64)
    tensors = read_tensors(done)
    assert tensors["embedding"].shape == (len(PieceTokenizer.read(text)), 8)
    model = EncoderClassifier(
        tensors, CheckpointSettings.from_json((done / "encoder.json").read_text())
    ).eval()
    dev = read_padded(text, "dev")
    with torch.inference_mode():
        logits_NK = model(torch.from_numpy(dev.ids_NL.astype(np.int64))).numpy()
    rows = read_table(done / "trainings.parquet", TrainingRow).to_pylist()
    (kept,) = [row for row in rows if row["kept"]]
    found = cross_fitted_macro_f1(PerLabel(), logits_NK, dev.labels_NK)
    assert found == pytest.approx(kept["dev_macro_f1"], abs=0.02), "bfloat16 may move a text or two"


@pytest.mark.parametrize(
    "name",
    [
        "albert",
        *(
            pytest.param(name, marks=LONG)
            for name in ("xlm-r", "electra", "mpnet", "modernbert", "deberta-v2")
        ),
    ],
)
def test_every_kind_is_fine_tuned_packed_and_an_encoder_again(
    name: str, store: Store, tmp_path: Path
) -> None:
    kind: Kind = "roberta" if name == "xlm-r" else name  # type: ignore[assignment]
    folder = make_encoder(tmp_path / name, kind)
    if name == "xlm-r":
        as_xlm_r(folder)
    data = summarize_corpus(RECIPE.taxonomy, None, download=False, encoders=[str(folder)]).data
    recipe = replace(RECIPE, encoder=name, epochs=1, layers=2, max_tokens=16)
    decide = deciding(planned(data, recipe), INT8, all_decisions())
    trained = store.make(planned(data, recipe)).folder
    # The saved folder says in transformers what it says here, or it is refused.
    assert require_encoder(str(trained / ENCODER), SAID).layers == 2
    score = store.make(decide.scored).folder
    base = store.folder(decide.compressed) / BASE
    reader = Reader(*((base / part).read_bytes() for part in ("vocabulary.txt", "tokenizer.json")))
    text = store.folder(decide.compressed.text)
    test, _ = read_texts(text, "test")
    lines = data.corpus.read(RECIPE.taxonomy).test.texts
    assert [reader.ids(line) for line in lines] == [test.row(i).tolist() for i in range(len(test))]
    model = EncoderFamily().module(recipe, read_tensors(trained), trained).eval()
    with torch.inference_mode():
        wanted_NK = model(torch.from_numpy(test.padded(np.arange(len(test)))).long()).numpy()
    with np.load(score / LOGITS) as found:
        apart_NK = np.abs(found["test"] - wanted_NK)
    assert 0 < apart_NK.mean() < 0.05 * np.abs(wanted_NK).mean()


def test_every_epoch_is_written_and_one_is_kept(encoders: Data, done: Path) -> None:
    rows = read_table(done / "trainings.parquet", TrainingRow).to_pylist()
    assert [row["epoch"] for row in rows] == [1, 2]
    best = max(rows, key=lambda row: row["dev_macro_f1"])
    assert [row["epoch"] for row in rows if row["kept"]] == [best["epoch"]]
    assert {row["training_id"] for row in rows} == {id_of(planned(encoders))}
    assert {row["recipe"] for row in rows} == {recipe_id(RECIPE)}
    assert all(math.isfinite(row["train_loss"] + row["dev_loss"]) for row in rows)


class Interrupted(Exception):
    """What ends a fine-tuning in the middle."""


def test_a_fine_tuning_goes_on_from_what_a_dead_one_left(
    encoders: Data, store: Store, done: Path, tmp_path: Path
) -> None:
    stage, other = planned(encoders), Store(tmp_path / "store")
    text = other.make(stage.text).folder
    unfinished = other.root / UNFINISHED / key_of(stage)
    unfinished.mkdir(parents=True)
    heard: list[Epoch] = []

    def report(epoch: Epoch) -> None:
        heard.append(epoch)
        raise Interrupted

    tensors, settings = read_encoder(stage.encoder.folder, layers=RECIPE.layers)
    tensors["embedding"] = PieceTokenizer.read(text).start_rows(tensors["embedding"])
    dev = read_padded(text, "dev")
    with pytest.raises(Interrupted):
        fine_tune(
            RECIPE,
            tensors,
            settings,
            train=read_padded(text, "train"),
            dev=dev,
            score=lambda logits_NK: cross_fitted_macro_f1(PerLabel(), logits_NK, dev.labels_NK),
            unfinished=unfinished,
            report=report,
        )
    folder = other.make(stage).folder
    assert not unfinished.exists(), "what is finished needs no checkpoint"
    rows = read_table(folder / "trainings.parquet", TrainingRow).to_pylist()
    assert [row["epoch"] for row in rows] == [1, 2]
    assert rows[0]["wall_seconds"] == heard[0].wall_seconds, "epoch 1 was not done again"
    for name, tensor in read_tensors(done).items():
        np.testing.assert_array_equal(read_tensors(folder)[name], tensor)


def test_a_fine_tuning_that_dies_keeps_its_place_and_publishes_nothing(
    encoders: Data, store: Store
) -> None:
    stage = planned(encoders, replace(RECIPE, learning_rate=1e30))
    with pytest.raises(FloatingPointError, match="lower the learning rate"):
        store.make(stage)
    assert not store.folder(stage).exists()
    assert (store.root / UNFINISHED / key_of(stage)).is_dir()
    assert not list(store.root.glob("stages/finetune/.*")), "no half folder is left"


def test_a_finished_stage_leaves_no_checkpoint(encoders: Data, store: Store, done: Path) -> None:
    assert store.find(planned(encoders)) is not None
    assert not (store.root / UNFINISHED / key_of(planned(encoders))).exists()


def test_too_little_memory_is_said_with_what_to_lower() -> None:
    words = r"must fit into memory, got .*allocate.*: lower batch_size or max_tokens"
    with pytest.raises(ValueError, match=words), enough_memory():
        torch.empty(2**50)
    with pytest.raises(ValueError, match=words), enough_memory():
        np.empty(2**50)
    with pytest.raises(ValueError, match="got no more: lower batch_size"), enough_memory():
        raise MemoryError
    full = r"got CUDA out of memory.*: lower"
    with pytest.raises(GpuOutOfMemoryError, match=full), enough_memory():
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.\nmore")


def test_another_failure_of_torch_stays_what_it_is() -> None:
    with pytest.raises(RuntimeError, match="mat1 and mat2 shapes"), enough_memory():
        torch.ones(2, 3) @ torch.ones(2, 3)


def test_more_than_the_encoder_has_is_refused_before_anything_runs(encoders: Data) -> None:
    for asked in ({"layers": 3}, {"embedding_dim": 33}, {"max_tokens": 65}):
        with pytest.raises(
            ValueError, match=r"must not exceed the encoder's \d+, got \d+ for bert"
        ):
            planned(encoders, replace(RECIPE, **asked))
