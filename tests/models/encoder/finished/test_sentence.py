import json
from pathlib import Path

import numpy as np
import pytest
import torch

from emoray.models.encoder.as_saved import outputs_as_saved
from emoray.models.encoder.finished.sentence import read_sentence_model, sentence_classifier
from emoray.models.encoder.module import EncoderClassifier
from emoray.models.encoder.sources import find_encoder
from tests.models.encoder.finished.made import LABELS, arrays, make_sentence_model, with_head

ROWS = [[4, 100, 200, 5], [4, 300, 5]]
ROWS_NL = np.array([[4, 100, 200, 5], [4, 300, 5, 0]])


def logits(folder: Path, labels: tuple[str, ...] = LABELS, *, softmax: bool = False) -> np.ndarray:
    found = read_sentence_model(folder)
    module = EncoderClassifier(*sentence_classifier(folder, found, labels, softmax=softmax)).eval()
    with torch.inference_mode():
        return np.asarray(module(torch.from_numpy(ROWS_NL)))


def by_definition(folder: Path, *, unit: bool, dense: str | None) -> np.ndarray:
    """Transformers' mean output, then each module by its formula."""
    from safetensors.numpy import load_file

    x_ND = outputs_as_saved(folder, ROWS, padding=0)
    if unit:
        x_ND = x_ND / np.linalg.norm(x_ND, axis=1, keepdims=True)
    if dense:
        own = arrays(folder / dense)
        x_ND = np.tanh(x_ND @ own["linear.weight"].T + own["linear.bias"])
    head = load_file(folder / "model_head.safetensors")
    return np.asarray(x_ND @ head["weight"].T + head["bias"])


@pytest.mark.parametrize("unit", [True, False], ids=["unit", "as-pooled"])
@pytest.mark.parametrize("dense", [None, 12, 16], ids=["head", "narrow", "square"])
def test_a_head_reads_what_the_modules_make(unit: bool, dense: int | None, tmp_path: Path) -> None:
    folder = make_sentence_model(tmp_path / "st", unit=unit, dense=dense)
    with_head(folder, dense or 16)
    path = f"{2 + unit}_Dense" if dense else None
    expected = by_definition(folder, unit=unit, dense=path)
    np.testing.assert_allclose(logits(folder), expected, atol=2e-5)
    assert read_sentence_model(folder).max_tokens == 24


def test_a_first_token_stands_for_the_text_where_the_folder_says_so(tmp_path: Path) -> None:
    mean = with_head(make_sentence_model(tmp_path / "mean"), 16)
    first = with_head(make_sentence_model(tmp_path / "first", pooling="cls"), 16)
    assert read_sentence_model(first).pooling == "cls"
    assert np.abs(logits(first) - logits(mean)).max() > 1e-3


def test_a_head_that_says_yes_or_no_has_two_labels(tmp_path: Path) -> None:
    folder = with_head(make_sentence_model(tmp_path / "st"), 16, ("yes",))
    one_N = by_definition(folder, unit=True, dense=None)[:, 0]
    found_NK = logits(folder, ("no", "yes"), softmax=True)
    np.testing.assert_allclose(found_NK[:, 1], one_N, atol=1e-5)


def test_without_a_head_the_way_out_is_a_fine_tuning_of_its_encoder(tmp_path: Path) -> None:
    folder = make_sentence_model(tmp_path / "st")
    with pytest.raises(ValueError, match=r"has a head over its vectors.*got none") as refused:
        logits(folder)
    named = str(refused.value).rsplit("--encoder ", 1)[1]
    assert find_encoder(named).folder == folder


def test_a_pickled_head_is_refused_and_the_way_out_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import joblib
    from sklearn.linear_model import LogisticRegression
    from sklearn.multiclass import OneVsRestClassifier

    rng = np.random.default_rng(0)
    texts_ND, labels_NK = rng.normal(size=(60, 16)), rng.integers(0, 2, (60, 3))
    folder = make_sentence_model(tmp_path / "st")
    head = OneVsRestClassifier(LogisticRegression()).fit(texts_ND, labels_NK)
    joblib.dump(head, folder / "model_head.pkl")
    (folder / "config_setfit.json").write_text(json.dumps({"labels": LABELS}))
    with pytest.raises(ValueError, match=r"model_head\.pkl, a pickle that may run") as refused:
        read_sentence_model(folder)
    code = str(refused.value).split('python -c "')[1].removesuffix('"')
    monkeypatch.chdir(folder)
    exec(code)
    found = read_sentence_model(folder)
    np.testing.assert_allclose(
        texts_ND @ found.dense[-1].kernel_IO + found.dense[-1].bias_O,
        head.decision_function(texts_ND),
        atol=1e-5,
    )


def test_modules_without_a_place_here_are_refused(tmp_path: Path) -> None:
    folder = with_head(make_sentence_model(tmp_path / "st"), 16)
    modules = json.loads((folder / "modules.json").read_text())
    pooled = json.loads((folder / "1_Pooling/config.json").read_text())
    (folder / "modules.json").write_text(json.dumps([*modules, {"type": "x.LSTM", "path": "3"}]))
    with pytest.raises(ValueError, match=r"got LSTM in .*jobs\.sweep --space bert --encoder"):
        read_sentence_model(folder)
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "1_Pooling/config.json").write_text(
        json.dumps(pooled | {"pooling_mode_max_tokens": True})
    )
    with pytest.raises(ValueError, match="pools by its mean or its first token, got"):
        read_sentence_model(folder)
    (folder / "1_Pooling/config.json").write_text('{"pooling_mode": "mean"}')  # as of version 5.7
    assert read_sentence_model(folder).pooling == "mean"
    (folder / "config_sentence_transformers.json").write_text('{"default_prompt_name": "query"}')
    with pytest.raises(ValueError, match=r"reads texts as they are, got a prompt before each"):
        read_sentence_model(folder)


def test_names_are_as_many_as_outputs(tmp_path: Path) -> None:
    folder = with_head(make_sentence_model(tmp_path / "st"), 16)
    with pytest.raises(ValueError, match=r"a name each, got 2 for 3 in .*--labels"):
        logits(folder, ("a", "b"))
