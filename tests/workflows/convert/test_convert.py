import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from emoray.artifact import runtime
from emoray.models.encoder.as_saved import logits_as_saved
from emoray.tables.files import read_table
from emoray.tables.finished_rows import ConversionRow, CoverageRow, SpeedRow
from emoray.text.opened import open_tokenizer
from emoray.workflows.convert import memory, parity, reference
from emoray.workflows.convert.convert import run_convert
from emoray.workflows.settings.convert import Conversion
from tests.models.encoder.encoders_made import make_encoder, sample_texts
from tests.models.encoder.finished.made import make_adapter
from tests.workflows.checkpoints import (
    OTHER_ORDER,
    SHORT,
    as_transformers,
    edit_config,
    foreign_model,
    own_model,
    single_label,
    tiny,
)

pytestmark = pytest.mark.usefixtures("no_data", "here")


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is looked at in this process (a fresh one takes seconds to start), few texts read."""
    monkeypatch.setattr(memory, "measure_in_process", lambda measured, *given: measured(*given))
    monkeypatch.setattr(parity, "TEXTS", 24)


def conversion(model: Path, out: Path, **changed: object) -> Conversion:
    settings = {"threads": 1, "max_tokens": 48, "download": False, "plan": SHORT} | changed
    return Conversion(model=model, out=out.parent, name=out.name, **settings)  # type: ignore[arg-type]


def convert(settings: Conversion) -> list[ConversionRow]:
    run_convert(settings, Console(quiet=True))
    rows = read_table(settings.lands.place / "conversion.parquet", ConversionRow).to_pylist()
    return [ConversionRow(**row) for row in rows]


@pytest.mark.parametrize("kind", ["bert", "roberta", "distilbert"])
def test_a_transformers_model_says_the_same_as_onnx(kind: str, tmp_path: Path) -> None:
    model = tiny(tmp_path / kind, kind)
    torch, onnx = convert(conversion(model, tmp_path / "out"))
    assert onnx.graph == "emoray" and onnx.passed and onnx.changed_decisions == 0
    assert onnx.max_logit_error < 1e-4
    assert onnx.shortest_tokens < 5 and onnx.longest_tokens == 48 and onnx.texts > 30
    assert (torch.name, onnx.name) == ("torch", "onnx")
    classifier = runtime.load(tmp_path / "out/artifact")
    assert classifier.labels == OTHER_ORDER
    assert not np.allclose(classifier.cuts_K, 0), "thresholds are fitted on dev"


def test_the_artifact_gives_transformers_own_logits(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    model = tiny(tmp_path / "bert")
    convert(conversion(model, tmp_path / "out"))
    texts = list(sample_texts()[:8])
    batch = AutoTokenizer.from_pretrained(model)(
        texts, padding=True, truncation=True, max_length=48, return_tensors="pt"
    )
    with torch.inference_mode():
        said = AutoModelForSequenceClassification.from_pretrained(model)(**batch).logits.numpy()
    found = runtime.load(tmp_path / "out/artifact").logits(texts)
    np.testing.assert_allclose(found, said, atol=2e-5)


@pytest.mark.parametrize("kind", ["distilbert", "ernie"])
def test_one_label_a_text_is_the_most_probable_as_transformers_says_it(
    kind: str, model: Path, tmp_path: Path
) -> None:
    folder = single_label(tmp_path / "one", "distilbert" if kind == "distilbert" else "bert")
    if kind == "ernie":
        folder = foreign_model(tmp_path / "ernie", folder)
        edit_config(folder, problem_type="single_label_classification")
    _, onnx = convert(conversion(folder, tmp_path / "out"))
    assert onnx.passed and onnx.changed_decisions == 0
    found = runtime.load(tmp_path / "out/artifact")
    said = json.loads((tmp_path / "out/artifact/decision.json").read_text())
    assert said["threshold_rule"] == "argmax" and said["softmax"] is found.softmax is True
    assert (found.cuts_K == 0).all() and found.temperature != 1, "the temperature is fitted on dev"
    texts = list(sample_texts()[:12])
    expected = as_transformers(folder, texts)
    best = [[max(wanted, key=wanted.__getitem__)] for wanted in expected]
    assert found(texts).labels == best
    found.temperature = 1.0
    for given, wanted in zip(found.probabilities(texts), expected, strict=True):
        assert given == pytest.approx(wanted, abs=1e-5)


def test_a_folder_is_converted_as_transformers_opens_it(tmp_path: Path) -> None:
    model = tiny(tmp_path / "bert")
    said = json.loads((model / "tokenizer_config.json").read_text())
    token = {"content": "[NAME]", "lstrip": False, "rstrip": True, "single_word": False}
    said |= {
        "tokenizer_class": "BertTokenizer",
        "do_lower_case": False,
        "model_max_length": 20,
        # A row that it has already: [unused0], which no text comes to.
        "added_tokens_decoder": {"1": token | {"normalized": True, "special": False}},
    }
    (model / "tokenizer_config.json").write_text(json.dumps(said))
    vocabulary = json.loads((model / "tokenizer.json").read_text())
    pieces = vocabulary["model"]["vocab"]
    pieces["[NAME]"] = pieces.pop("[unused0]")
    (model / "tokenizer.json").write_text(json.dumps(vocabulary))
    convert(conversion(model, tmp_path / "out", max_tokens=None))
    found = runtime.load(tmp_path / "out/artifact")
    texts = ["THANKS [NAME] so much", "x[NAME] y", "Ça va [MASK] [UNK]", "happy " * 40]
    rows = open_tokenizer(model).ids(texts, 20)
    assert len(rows[-1]) == 20 and 1 in rows[0] and 1 in rows[1]
    said_NK = logits_as_saved(model, rows, padding=0)
    np.testing.assert_allclose(found.logits(texts), said_NK, atol=2e-4)


def test_our_own_model_says_the_same_and_tables_hold_speed_and_coverage(
    model: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    own = own_model(tmp_path / "own", model)
    torch, onnx = convert(conversion(own, out, max_tokens=None))
    assert onnx.passed and onnx.longest_tokens == 32
    assert 0 < onnx.library_mb <= onnx.peak_mb and torch.texts_per_second > 0
    assert onnx.artifact == "artifact" and torch.artifact == ""
    stamp = (out / "artifact/model.onnx").stat().st_mtime_ns
    convert(conversion(own, out, max_tokens=None))
    assert (out / "artifact/model.onnx").stat().st_mtime_ns == stamp, "what stands is kept"
    speed = read_table(out / "speed.parquet", SpeedRow).to_pylist()
    assert {(row["model"], row["batch"]) for row in speed} == {
        (name, size) for name in ("torch", "onnx") for size in (1, 32)
    }
    assert read_table(out / "coverage.parquet", CoverageRow).num_rows > 0


def test_an_encoder_we_cannot_fuse_falls_back_and_says_so(model: Path, tmp_path: Path) -> None:
    ernie = foreign_model(tmp_path / "ernie", model)
    out = tmp_path / "out"
    _, onnx = convert(conversion(ernie, out))
    assert onnx.graph.startswith("torch.onnx.export") and onnx.passed
    lines = read_table(out / "coverage.parquet", CoverageRow)["line"].to_pylist()
    assert lines[0].startswith("an encoder we cannot fuse") and "ernie" in lines[0]
    found = runtime.load(out / "artifact").logits(["thanks", "a much longer text than that!"])
    assert found.shape == (2, 4)


def test_labels_of_its_own_are_decided_by_one_half(tmp_path: Path) -> None:
    labels = ("refund", "praise", "question")
    model = make_encoder(tmp_path / "bert", "bert", width=16, labels=labels)
    convert(conversion(model, tmp_path / "out"))
    classifier = runtime.load(tmp_path / "out/artifact")
    assert classifier.labels == labels
    assert classifier.temperature == 1 and (classifier.cuts_K == 0).all()


def test_a_conversion_that_differs_writes_no_artifact(model: Path, tmp_path: Path) -> None:
    settings = conversion(model, tmp_path / "out", tolerance=1e-12)
    with pytest.raises(ValueError, match=r"says what PyTorch says, got a logit .* no artifact"):
        convert(settings)
    rows = read_table(tmp_path / "out/conversion.parquet", ConversionRow).to_pylist()
    assert not any(row["passed"] for row in rows)
    assert not (tmp_path / "out/artifact").exists()


def test_other_ids_than_the_tokenizers_are_refused(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference, "ids_as_saved", lambda given, texts: [[2, 3] for _ in texts])
    words = r"other ids for \d+ of \d+ texts, first at '.*' in '': \[2, 3\] there, \[4, 5\] here: l"
    with pytest.raises(ValueError, match=words):
        convert(conversion(model, tmp_path / "out"))
    assert not (tmp_path / "out/artifact").exists()


def test_weights_that_are_missing_or_no_numbers_are_refused(model: Path, tmp_path: Path) -> None:
    from safetensors.numpy import load_file, save_file

    ernie = foreign_model(tmp_path / "ernie", model)
    weights = load_file(ernie / "model.safetensors")
    kept = {n: v for n, v in weights.items() if n != "classifier.weight"}
    save_file(kept, ernie / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"all of its weights, got none for classifier\.weight"):
        convert(conversion(ernie, tmp_path / "out"))
    weights["classifier.weight"] = weights["classifier.weight"] * np.nan
    save_file(weights, ernie / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(ValueError, match=r"finite, got NaN or Inf in .*classifier\.weight"):
        convert(conversion(ernie, tmp_path / "out"))
    assert not (tmp_path / "out/artifact").exists()


def test_a_tolerance_of_nothing_is_refused(model: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="tolerance is above 0, got 0"):
        conversion(model, tmp_path / "out", tolerance=0.0)


def test_an_adapter_becomes_an_artifact_with_the_names_that_are_said(tmp_path: Path) -> None:
    base = make_encoder(tmp_path / "base", "bert", width=16)
    make_adapter(tmp_path / "mine", base)
    names = tmp_path / "labels.txt"
    names.write_text("refund\npraise\nquestion\n")
    said = {"labels": str(names), "problem_type": "single_label_classification"}
    _, onnx = convert(conversion(tmp_path / "mine", tmp_path / "out", **said))
    assert onnx.passed and onnx.checkpoint == "mine"
    found = runtime.load(tmp_path / "out/artifact")
    assert found.labels == ("refund", "praise", "question") and found.softmax
    kept = json.loads((tmp_path / "out/_inputs.json").read_text())
    assert kept["settings"]["labels"] == "refund, praise, question"
