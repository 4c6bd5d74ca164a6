import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from emoray.artifact import runtime
from emoray.data.corpus import read_splits
from emoray.data.goemotions import sample
from emoray.data.importing.settings import CorpusSource
from emoray.labels import GOEMOTIONS, SENTIMENT
from emoray.metrics.scores import score
from emoray.models.encoder.as_saved import logits_as_saved
from emoray.quant.scheme_names import named_schemes, pick, usual
from emoray.stages.checkpoint_source import find_loaded
from emoray.storage.store.local import Store
from emoray.tables.files import read_table
from emoray.tables.finished_rows import ChangeRow, CompressionRow, CoverageRow, SpeedRow
from emoray.tables.pruning_rows import PruningRow
from emoray.tables.rows import LayerRow
from emoray.text.opened import open_tokenizer
from emoray.workflows.compress.compress import list_schemes, run_compress
from emoray.workflows.compress.coverage import coverage_rows
from emoray.workflows.convert import parity
from emoray.workflows.convert.convert import run_convert
from emoray.workflows.settings.compress import Compression
from emoray.workflows.settings.convert import Conversion
from tests.data.made_features import write_lists
from tests.models.encoder.encoders_made import PIECES, make_encoder
from tests.text.unigram_made import as_xlm_r
from tests.workflows.checkpoints import (
    OTHER_ORDER,
    edit_config,
    foreign_model,
    own_model,
    tiny,
)

pytestmark = pytest.mark.usefixtures("no_data")
Rows = dict[str, CompressionRow]
FORMS = ("torch", "torch-int8", "float", "int8", "int4", "adaptive4")


def quiet() -> Console:
    return Console(quiet=True)


def test_every_form_is_a_row_beside_pytorch(rows: Rows) -> None:
    assert tuple(rows) == FORMS
    assert all(row.model_p50_ms > 0 and row.texts_per_second > 0 for row in rows.values())
    assert rows["torch"].change == 0 and rows["torch"].verdict == "equivalent"
    assert all(row.equivalent == (row.verdict == "equivalent") for row in rows.values())
    assert rows["torch"].speedup == rows["torch"].throughput_ratio == 1


def test_the_float_graph_decides_as_pytorch_does(rows: Rows) -> None:
    assert rows["float"].flips <= 1  # a logit on a cut may fall to either side
    assert rows["float"].test_macro_f1 == pytest.approx(rows["torch"].test_macro_f1, abs=2e-3)
    assert rows["float"].quantized_bytes_share == rows["float"].integer_products_share == 0


def test_integers_are_smaller_and_say_what_they_are(rows: Rows) -> None:
    assert rows["int8"].integer_products_share > 0.5
    assert 0 < rows["int4"].layers_bytes < rows["int8"].layers_bytes < rows["torch"].layers_bytes
    assert rows["torch-int8"].embedding_bytes == rows["torch"].embedding_bytes
    assert rows["torch-int8"].layers_bytes * 4 == rows["torch"].layers_bytes


def test_parts_add_up_to_the_files_of_the_artifact(rows: Rows, compression: Compression) -> None:
    for name, row in rows.items():
        parts = (row.embedding_bytes, row.layers_bytes, row.head_bytes, row.other_bytes)
        whole = sum(parts) + row.tokenizer_bytes + row.decision_bytes
        assert row.size_bytes == whole and min(parts) > 0, name
        if row.artifact:
            sizes = runtime.sizes(compression.lands.place / row.artifact)
            assert sum(sizes.values()) == row.size_bytes


def test_every_artifact_runs_and_earns_its_rows_score(rows: Rows, compression: Compression) -> None:
    test = read_splits(sample().folder, name="sample", taxonomy=SENTIMENT).test
    for name in FORMS[2:]:
        folder = compression.lands.place / rows[name].artifact
        classifier = runtime.load(folder)
        assert classifier.labels == SENTIMENT.labels
        assert runtime.sha256((folder / "manifest.json").read_bytes()) == rows[name].artifact_sha256
        logits_NK = classifier.logits(test.texts)
        found = score(logits_NK, test.labels_NK, classifier.cuts_K).macro_f1
        assert found == pytest.approx(rows[name].test_macro_f1, abs=1e-9), name


def test_tables_hold_layers_coverage_speed_and_changes(
    rows: Rows, compression: Compression
) -> None:
    out = compression.lands.place
    layers = read_table(out / "layers.parquet", LayerRow).to_pylist()
    assert {row["model"] for row in layers} == {rows[name].model for name in FORMS[2:]}
    assert any(row["why"] for row in layers if row["model"] == rows["adaptive4"].model)
    said = read_table(out / "coverage.parquet", CoverageRow).to_pylist()
    assert {row["name"] for row in said} == set(FORMS[2:])
    assert any("integer" in row["line"] for row in said if row["name"] == "int8")
    speed = read_table(out / "speed.parquet", SpeedRow).to_pylist()
    assert {(row["model"], row["batch"]) for row in speed} == {
        (f, b) for f in FORMS for b in (1, 32)
    }
    compared = read_table(out / "changes.parquet", ChangeRow).to_pylist()
    assert {row["after"] for row in compared} == set(FORMS[1:])


def test_the_terminal_shows_sizes_speed_tensors_coverage_and_what_to_take(
    compression: Compression,
) -> None:
    said = (compression.out.parent / "said.txt").read_text()
    for part in ("Size by part", "one interleaved run", "Tensors of", "of the multiplications"):
        assert part in said
    assert "smallest that is equivalent" in said or "no artifact is shown" in said


def test_the_same_call_again_makes_nothing_again(compression: Compression) -> None:
    store = Store(compression.out / "_store")
    before = list(store.journal())
    stamp = (compression.lands.place / "artifacts/int8/model.onnx").stat().st_mtime_ns
    run_compress(compression, quiet())
    assert list(store.journal()) == before
    assert (compression.lands.place / "artifacts/int8/model.onnx").stat().st_mtime_ns == stamp


def test_a_damaged_artifact_is_made_again(compression: Compression) -> None:
    model = compression.lands.place / "artifacts/int4/model.onnx"
    before = model.read_bytes()
    model.write_bytes(before[:-1])
    run_compress(compression, quiet())
    assert model.read_bytes() == before
    assert not [p for p in model.parent.parent.iterdir() if p.name.startswith(".")]


def test_a_place_that_holds_something_else_is_not_cleared(
    compression: Compression, tmp_path: Path
) -> None:
    own = tmp_path / "own"
    taken = replace(compression, out=tmp_path, name="own", store=compression.out / "_store")
    run_compress(taken, quiet())
    mine = own / "artifacts/int8/mine.txt"
    shutil.rmtree(mine.parent)
    mine.parent.mkdir()
    mine.write_text("mine")
    (own / "compression.parquet").unlink()
    with pytest.raises(ValueError, match=r"place is free or holds an artifact.*with --name"):
        run_compress(taken, quiet())
    assert mine.read_text() == "mine"
    assert not (own / "compression.parquet").exists()


def test_a_scheme_that_fails_is_named_and_the_others_are_finished(
    compression: Compression, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from emoray.artifact import scoring as scoring

    class Fail(Exception):
        pass

    Fail.__module__ = "onnxruntime.capi"
    real = scoring.scoring_session

    def picky(model: Path, *, threads: int = 1) -> object:
        if b"MatMulNBits" in Path(model).read_bytes():
            raise Fail("[ONNXRuntimeError] : 9 : NOT_IMPLEMENTED : no kernel for MatMulNBits")
        return real(model, threads=threads)

    monkeypatch.setattr(scoring, "scoring_session", picky)
    asked = replace(compression, schemes=("int8", "int4-group"), out=tmp_path, name="out")
    with pytest.raises(ValueError, match=r"1 of 3 did not \(int4-group: .*kernels.*NOT_IMPL"):
        run_compress(asked, quiet())
    assert runtime.load(tmp_path / "out/artifacts/int8").labels == SENTIMENT.labels
    assert not (tmp_path / "out/artifacts/int4-group").exists()


def test_a_scheme_that_trains_is_trained_for_its_codes(
    compression: Compression, tmp_path: Path
) -> None:
    store = compression.out / "_store"
    asked = replace(compression, schemes=("qat4",), out=tmp_path, name="q", store=store)
    run_compress(asked, quiet())
    found = read_table(tmp_path / "q/compression.parquet", CompressionRow).to_pylist()
    assert [row["training"] for row in found] == ["none", "ptq", "none", "more", "qat"]
    changes = read_table(tmp_path / "q/changes.parquet", ChangeRow).to_pylist()
    assert {row["before"] for row in changes if row["after"] == "qat4"} == {"float-more1"}
    assert {row["before"] for row in changes if row["after"] != "qat4"} == {"torch"}
    (said,) = {row["change"] for row in found if row["name"] == "qat4"}
    (alone,) = {r["change"] for r in changes if (r["after"], r["measure"]) == ("qat4", "macro_f1")}
    assert said == pytest.approx(alone)
    assert runtime.load(tmp_path / "q/artifacts/qat4").labels == SENTIMENT.labels


def test_a_pruned_form_stands_beside_the_whole_one_under_the_same_codes(
    compression: Compression, tmp_path: Path
) -> None:
    store = compression.out / "_store"
    name = "prune(heads=0.5,layers=1)+int8~heal1"
    asked = replace(compression, schemes=(name,), out=tmp_path, name="p", store=store)
    with (tmp_path / "said.txt").open("w") as file:
        run_compress(asked, Console(file=file, width=200))
    found = read_table(tmp_path / "p/compression.parquet", CompressionRow).to_pylist()
    assert [row["name"] for row in found] == ["torch", "torch-int8", "float", "int8", name]
    whole, pruned = found[-2:]
    assert pruned["layers_bytes"] < 0.6 * whole["layers_bytes"]
    changes = read_table(tmp_path / "p/changes.parquet", ChangeRow).to_pylist()
    assert {row["before"] for row in changes if row["after"] == name} == {"torch", "int8"}
    assert {
        r["margin"] for r in changes if r["before"] == "int8" and r["measure"] == "macro_f1"
    } == {0.01}
    parts = read_table(tmp_path / "p/pruning.parquet", PruningRow).to_pylist()
    assert {row["pruning"] for row in parts} == {"prune(heads=0.5,layers=1)"}
    assert {row["part"] for row in parts} == {"layer", "head", "ffn"}
    assert sum(row["kept"] for row in parts if row["part"] == "layer") == 1
    assert all(row["why"] for row in parts)
    said = (tmp_path / "said.txt").read_text()
    assert "Pruned, beside the whole model under the same codes" in said
    assert runtime.load(tmp_path / "p/artifacts" / name).labels == SENTIMENT.labels

    # What healing left is a checkpoint of its own: read like a fine-tuning's folder.
    (healed,) = {path.parent for path in store.rglob("heal-*/weights.npz")}
    again = replace(compression, model=healed, schemes=("int8",), out=tmp_path, name="again")
    run_compress(again, quiet())
    rows = read_table(tmp_path / "again/compression.parquet", CompressionRow).to_pylist()
    assert rows[2]["name"] == "float" and rows[2]["verdict"] == "equivalent"
    assert rows[3]["model_p50_ms"] > 0
    assert rows[3]["layers_bytes"] == pruned["layers_bytes"]


def test_our_own_folder_and_a_head_in_the_corpus_order_give_the_same_scores(
    model: Path, rows: Rows, tmp_path: Path, compression: Compression
) -> None:
    own = own_model(tmp_path / "own", model, max_tokens=24)
    asked = replace(compression, model=own, schemes=("int8-embfloat",), out=tmp_path, name="out")
    run_compress(asked, quiet())
    found = read_table(tmp_path / "out/compression.parquet", CompressionRow).to_pylist()
    assert found[0]["test_macro_f1"] == pytest.approx(rows["torch"].test_macro_f1, abs=0.05)


MISTAKES = {
    "unknown": ({"schemes": ("int9",)}, r"a scheme is one that --list names.*got 'int9'"),
    "float": ({"schemes": ("float",)}, r"makes integers, got only float.*jobs\.convert"),
    "long": ({"max_tokens": 65}, r"max_tokens must lie in 3\.\.64.*got 65"),
    "data": ({"data": Path("nowhere")}, "data folder must hold"),
}


@pytest.mark.parametrize("case", MISTAKES)
def test_a_mistake_is_refused_before_anything_is_written(
    case: str, compression: Compression, tmp_path: Path
) -> None:
    changed, words = MISTAKES[case]
    with pytest.raises(ValueError, match=words):
        run_compress(replace(compression, out=tmp_path / "out", **changed), quiet())  # type: ignore[arg-type]
    assert not (tmp_path / "out").exists()


def test_nothing_is_written_into_the_models_folder(compression: Compression) -> None:
    with pytest.raises(ValueError, match="nothing is written into a model's folder"):
        run_compress(replace(compression, out=compression.model / "out"), quiet())


def test_other_labels_than_the_corpus_has_are_refused(
    compression: Compression, tmp_path: Path
) -> None:
    labels = ("positive", "negative", "odd", "neutral")
    other = make_encoder(tmp_path / "other", "bert", width=16, labels=labels)
    words = r"nearest is sentiment, unknown to it: odd; missing: ambiguous"
    with pytest.raises(ValueError, match=words):
        run_compress(replace(compression, model=other, out=tmp_path, name="out"), quiet())


def test_a_corpus_of_features_is_refused(compression: Compression, tmp_path: Path) -> None:
    labels = [[SENTIMENT.labels[i % 4]] for i in range(240)]
    path = write_lists(tmp_path / "made.parquet", labels=labels)
    given = CorpusSource(source=str(path), feature_columns=("vector",))
    with pytest.raises(ValueError, match="encoder reads texts, got the corpus made of features"):
        run_compress(replace(compression, corpus=given, out=tmp_path / "out"), quiet())


def test_labels_without_names_are_said_to_have_none_and_names_help(
    compression: Compression, tmp_path: Path
) -> None:
    unnamed = [f"LABEL_{k}" for k in range(len(OTHER_ORDER))]
    other = make_encoder(tmp_path / "other", "bert", width=16, labels=unnamed)
    words = (
        r"have no names, only LABEL_0 to LABEL_3: give the .* names in config\.json, \"id2label\""
    )
    with pytest.raises(ValueError, match=words):
        run_compress(replace(compression, model=other, out=tmp_path, name="out"), quiet())
    names = [name.upper() for name in OTHER_ORDER]
    edit_config(other, id2label={str(k): name for k, name in enumerate(names)})
    given = find_loaded(other)
    assert given.taxonomy == SENTIMENT
    assert [names[k].lower() for k in given.columns_K] == list(SENTIMENT.labels)


def test_what_convert_cannot_do_is_not_recommended(
    compression: Compression, model: Path, tmp_path: Path
) -> None:
    ernie = foreign_model(tmp_path / "ernie", model)
    said = json.loads((ernie / "tokenizer.json").read_text())
    said["model"] = {"type": "WordLevel", "unk_token": "<", "vocab": {"<": 0, "[": 1}}
    said["added_tokens"], said["post_processor"] = [], None
    (ernie / "tokenizer.json").write_text(json.dumps(said))
    for run, asked in (
        (run_compress, replace(compression, model=ernie, out=tmp_path, name="out")),
        (run_convert, Conversion(model=ernie, out=tmp_path, name="out", download=False)),
    ):
        with pytest.raises(ValueError, match=r"as BERT .* got model WordLevel") as refused:
            run(asked, quiet())  # type: ignore[operator]
        assert "jobs.convert" not in str(refused.value)


def with_mark(folder: Path) -> Path:
    """A tiny model whose tokenizer has [NAME] for a special token, with a row of its own."""
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tiny(folder)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    tokenizer.add_special_tokens({"additional_special_tokens": ["[NAME]"]})
    model = AutoModelForSequenceClassification.from_pretrained(folder)
    model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_an_added_special_token_is_read_as_transformers_reads_it(
    compression: Compression, tmp_path: Path
) -> None:
    model = with_mark(tmp_path / "model")
    asked = replace(compression, model=model, schemes=("int8",), out=tmp_path, name="out")
    run_compress(asked, quiet())
    texts = ["I love [NAME]!", "[NAME]'s x[NAME]y", "[CLS] no [MASK] [UNK] [SEP]"]
    found = runtime.load(tmp_path / "out/artifacts/float").logits(texts)
    given = find_loaded(model, max_tokens=24)
    rows = open_tokenizer(model).ids(texts, 24)
    assert PIECES in rows[0]
    said = logits_as_saved(model, rows, padding=0)[:, given.columns_K]
    np.testing.assert_allclose(found, said, atol=2e-4)


def test_an_encoder_of_sentencepiece_reads_texts_in_its_artifact_as_in_transformers(
    compression: Compression, tmp_path: Path
) -> None:
    model = as_xlm_r(tiny(tmp_path / "model", "roberta"))
    asked = replace(compression, model=model, schemes=("int8",), out=tmp_path, name="out")
    run_compress(asked, quiet())
    texts = ["I ﬁnally got e\u0301 ™ \u200b 😭", "", "so\r\nmuch １２ <s> x <mask>"]
    found = runtime.load(tmp_path / "out/artifacts/float").logits(texts)
    given = find_loaded(model, max_tokens=24)
    said = logits_as_saved(model, open_tokenizer(model).ids(texts, 24), padding=1)
    np.testing.assert_allclose(found, said[:, given.columns_K], atol=2e-4)


@pytest.mark.parametrize("wrong", ["ids", "logits"])
def test_a_compression_that_reads_or_says_something_else_is_not_let_out(
    compression: Compression, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    if wrong == "ids":
        real = runtime.WordPiece.words
        monkeypatch.setattr(
            runtime.WordPiece,
            "words",
            lambda self, text, **_: real(self, text.replace("happy", "sad")),
        )
        words = r"got other ids for \d+ of \d+ texts, first at '.+' in '.+': \[.+\] there, \[.+\] h"
    else:
        monkeypatch.setattr(parity, "TOLERANCE", 1e-12)
        words = (
            r"float graph says what PyTorch says, got a logit .* apart \(tolerance 1e-12\) for .*"
        )
    asked = replace(compression, out=tmp_path, name="out", store=compression.out / "_store")
    with pytest.raises(ValueError, match=words) as refused:
        run_compress(asked, quiet())
    assert len(str(refused.value)) < 600
    assert not (tmp_path / "out/artifacts").exists()


def test_a_tokenizer_that_does_not_match_is_refused(
    compression: Compression, model: Path, tmp_path: Path
) -> None:
    own = own_model(tmp_path / "own", model)
    vocabulary = (own / "vocabulary.txt").read_text().splitlines(keepends=True)
    (own / "vocabulary.txt").write_text("".join(vocabulary[:10] + vocabulary[11:]))
    with pytest.raises(ValueError, match="a tokenizer that does not match"):
        run_compress(replace(compression, model=own, out=tmp_path, name="out"), quiet())


def test_an_encoder_without_a_graph_of_ours_becomes_integers_too(
    compression: Compression, model: Path, tmp_path: Path
) -> None:
    ernie = foreign_model(tmp_path / "ernie", model)
    asked = replace(compression, model=ernie, schemes=("int8",), out=tmp_path, name="out")
    run_compress(asked, quiet())
    found = read_table(tmp_path / "out/compression.parquet", CompressionRow).to_pylist()
    by_name = {row["name"]: row for row in found}
    assert list(by_name) == ["torch", "torch-int8", "float", "int8"]
    assert by_name["int8"]["integer_products_share"] > 0.7
    assert by_name["int8"]["size_bytes"] < 0.6 * by_name["float"]["size_bytes"]
    assert by_name["float"]["test_macro_f1"] == pytest.approx(by_name["torch"]["test_macro_f1"])
    assert by_name["int8"]["test_macro_f1"] == pytest.approx(
        by_name["torch"]["test_macro_f1"], abs=0.05
    )
    lines = read_table(tmp_path / "out/coverage.parquet", CoverageRow).to_pylist()
    assert any("operators that stay float" in row["line"] for row in lines)
    texts = ["I love this so much!", "no", ""]
    classifier = runtime.load(tmp_path / "out/artifacts/float")
    assert classifier.labels == SENTIMENT.labels
    given = find_loaded(ernie, max_tokens=24)
    said = logits_as_saved(ernie, open_tokenizer(ernie).ids(texts, 24), padding=0)
    np.testing.assert_allclose(classifier.logits(texts), said[:, given.columns_K], atol=1e-4)
    with pytest.raises(ValueError, match=r"train or prune need a graph of emoray's own, got qat4"):
        run_compress(replace(asked, schemes=("int8", "qat4"), name="qat"), quiet())


def test_a_run_in_which_nothing_became_codes_fails(
    compression: Compression, monkeypatch: pytest.MonkeyPatch
) -> None:
    from emoray.console.progress import progress
    from emoray.workflows.compress import compress
    from emoray.workflows.compress.variants import make

    evaluation = compress._opened(compression, quiet())
    with progress(quiet(), total=1) as shown:
        made = make(evaluation, {"float": named_schemes()["float"]}, shown.step)
    with pytest.raises(ValueError, match="turns weights into codes, got none in float"):
        coverage_rows(evaluation, made)


def test_short_names_are_all_different_and_lead_to_the_whole_ones() -> None:
    known = named_schemes()
    assert len({str(scheme) for scheme in known.values()}) == len(known) > 40
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-.") for name in known)
    for name, scheme in known.items():
        assert pick([str(scheme)]) == pick([name]) == {name: scheme}
    assert pick(()) == usual() and pick((), every=True) == known
    assert "qat4" in known and "qat4" not in usual()


def test_the_list_names_every_scheme(capsys: pytest.CaptureFixture[str]) -> None:
    list_schemes()
    said = capsys.readouterr().out
    for name in named_schemes():
        assert name in said


def test_goemotions_labels_are_known_too(tmp_path: Path) -> None:
    labels = tuple(np.random.default_rng(0).permutation(GOEMOTIONS.labels).tolist())
    given = find_loaded(make_encoder(tmp_path / "all", "distilbert", width=16, labels=labels))
    assert given.taxonomy == GOEMOTIONS
    assert [labels[k] for k in given.columns_K] == list(GOEMOTIONS.labels)
