import json
import re
from pathlib import Path

import numpy as np
import pytest

from emoray.models.encoder.as_saved import logits_as_saved
from emoray.models.encoder.finished.adapter import base_of, is_adapter, merge_adapter
from tests.models.encoder.encoders_made import make_encoder
from tests.models.encoder.finished.made import (
    ALPHA,
    LABELS,
    QUERY,
    RANK,
    arrays,
    make_adapter,
    write_arrays,
)

ROWS = [[4, 100, 200, 5], [4, 300, 5]]


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_encoder(tmp_path_factory.mktemp("base") / "bert", "bert", width=16)


def merged(folder: Path, base: Path, out: Path) -> dict[str, np.ndarray]:
    out.mkdir()
    merge_adapter(folder, base, out)
    return arrays(out)


def test_weights_are_those_of_the_base_and_the_scaled_product(base: Path, tmp_path: Path) -> None:
    made = make_adapter(tmp_path / "a", base)
    before, after = arrays(base), merged(tmp_path / "a", base_of(tmp_path / "a"), tmp_path / "out")
    name = QUERY.format(0)
    added = made[f"{name}.lora_B.weight"] @ made[f"{name}.lora_A.weight"]
    own = before[f"{name.removeprefix('bert.')}.weight"]  # a bare encoder's name
    np.testing.assert_allclose(after[f"{name}.weight"], own + ALPHA / RANK * added, rtol=1e-5)
    np.testing.assert_allclose(after["classifier.weight"], made["classifier.weight"], rtol=1e-6)
    same = QUERY.format(1).replace("query", "key")
    assert (after[f"{same}.weight"] == before[f"{same.removeprefix('bert.')}.weight"]).all()
    assert (tmp_path / "out/tokenizer.json").read_bytes() == (base / "tokenizer.json").read_bytes()
    assert logits_as_saved(tmp_path / "out", ROWS, padding=0).shape == (2, len(LABELS))


@pytest.mark.parametrize(
    ("said", "scale"),
    [
        ({"use_rslora": True}, ALPHA / np.sqrt(RANK)),
        ({"alpha_pattern": {"layer.0.attention.self.query": 1}}, 1 / RANK),
        ({"lora_alpha": 1}, 1 / RANK),
    ],
    ids=["rslora", "pattern", "alpha"],
)
def test_the_scale_is_the_adapters_own(
    said: dict[str, object], scale: float, base: Path, tmp_path: Path
) -> None:
    made = make_adapter(tmp_path / "a", base, **said)
    after = merged(tmp_path / "a", base, tmp_path / "out")
    name = QUERY.format(0)
    added = made[f"{name}.lora_B.weight"] @ made[f"{name}.lora_A.weight"]
    own = arrays(base)[f"{name.removeprefix('bert.')}.weight"]
    np.testing.assert_allclose(after[f"{name}.weight"] - own, scale * added, atol=1e-5)


def test_magnitudes_are_the_lengths_of_rows(base: Path, tmp_path: Path) -> None:
    made = make_adapter(tmp_path / "a", base)
    name = QUERY.format(0)
    lengths = np.linspace(1, 2, 16)
    path = tmp_path / "a/adapter_model.safetensors"
    saved = {f"base_model.model.{n}": values for n, values in made.items()}
    saved[f"base_model.model.{name}.lora_magnitude_vector"] = lengths
    write_arrays(path, saved)
    after = merged(tmp_path / "a", base, tmp_path / "out")
    np.testing.assert_allclose(np.linalg.norm(after[f"{name}.weight"], axis=1), lengths, rtol=1e-5)


def test_what_is_no_adapter_of_this_base_is_refused(base: Path, tmp_path: Path) -> None:
    narrow = make_encoder(tmp_path / "narrow", "bert", width=8)
    folder = tmp_path / "a"
    make_adapter(folder, base)
    with pytest.raises(ValueError, match=r"changes matrices that its base has, got .*with --base"):
        merge_adapter(folder, narrow, tmp_path)
    said = json.loads((folder / "adapter_config.json").read_text())
    for changed, words in (
        ({"peft_type": "PREFIX_TUNING"}, r"LoRA's, got PREFIX_TUNING .*merge_and_unload\(\)"),
        ({"init_lora_weights": "pissa_niter_4"}, r"one that started from others \(pissa_niter_4\)"),
        ({"base_model_name_or_path": None}, r"it|names none.*name its folder with --base"),
        ({"base_model_name_or_path": "/no/such"}, r"got '/no/such' .*name its folder with --base"),
    ):
        (folder / "adapter_config.json").write_text(json.dumps({**said, **changed}))
        with pytest.raises(ValueError, match=words):
            base_of(folder)
    assert base_of(folder, base) == base.resolve(), "--base is the way out"


def test_a_head_that_nobody_trained_is_refused_and_the_bases_own_serves(
    base: Path, tmp_path: Path
) -> None:
    made = make_adapter(tmp_path / "a", base)
    kept = {f"base_model.model.{n}": v for n, v in made.items() if "lora" in n}
    write_arrays(tmp_path / "a/adapter_model.safetensors", kept)
    with pytest.raises(ValueError, match=r"brings its head, got none for classifier\.bias, .*--ba"):
        merge_adapter(tmp_path / "a", base, tmp_path)
    classifier = make_encoder(tmp_path / "whole", "bert", width=16, labels=LABELS)
    after = merged(tmp_path / "a", classifier, tmp_path / "out")
    assert (after["classifier.weight"] == arrays(classifier)["classifier.weight"]).all()


def test_a_pickled_adapter_is_refused_and_the_way_out_works(base: Path, tmp_path: Path) -> None:
    import torch
    from safetensors.torch import load_file

    folder = tmp_path / "a"
    make_adapter(folder, base)
    torch.save(load_file(folder / "adapter_model.safetensors"), folder / "adapter_model.bin")
    (folder / "adapter_model.safetensors").unlink()
    assert is_adapter(folder)
    with pytest.raises(ValueError, match=r"got adapter_model\.bin, a pickle that may") as refused:
        merge_adapter(folder, base, tmp_path)
    command = str(refused.value).split("trust it in, ")[1]
    command = re.sub(r"'(adapter_model\.\w+)'", rf"r'{folder}/\1'", command)
    import safetensors.torch

    exec(command, {"torch": torch, "safetensors": safetensors})
    assert merged(folder, base, tmp_path / "out")["classifier.weight"].shape == (3, 16)
