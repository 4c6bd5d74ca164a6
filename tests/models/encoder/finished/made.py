"""Finished models in other forms: adapters of PEFT, classifiers of sentence-transformers."""

import json
import shutil
from pathlib import Path

import numpy as np

from tests.models.encoder.encoders_made import make_encoder

LABELS = ("anger", "joy", "fear")
RANK, ALPHA = 2, 6.0
QUERY = "bert.encoder.layer.{}.attention.self.query"


def arrays(folder: Path) -> dict[str, np.ndarray]:
    from safetensors.numpy import load_file

    return load_file(folder / "model.safetensors")


def write_arrays(path: Path, found: dict[str, np.ndarray]) -> None:
    from safetensors.numpy import save_file

    whole = {name: np.ascontiguousarray(values, np.float32) for name, values in found.items()}
    save_file(whole, path, metadata={"format": "pt"})


def make_adapter(folder: Path, base: Path, **changed: object) -> dict[str, np.ndarray]:
    """A LoRA of both layers' queries and a head for three labels, as PEFT saves it."""
    rng = np.random.default_rng(0)
    width = json.loads((base / "config.json").read_text())["hidden_size"]
    found = {
        "classifier.weight": rng.normal(size=(len(LABELS), width)),
        "classifier.bias": rng.normal(size=len(LABELS)),
    }
    for i in range(2):
        found[f"{QUERY.format(i)}.lora_A.weight"] = rng.normal(size=(RANK, width))
        found[f"{QUERY.format(i)}.lora_B.weight"] = rng.normal(size=(width, RANK))
    folder.mkdir(parents=True)
    write_arrays(
        folder / "adapter_model.safetensors",
        {f"base_model.model.{name}": values for name, values in found.items()},
    )
    said = {
        "peft_type": "LORA",
        "task_type": "SEQ_CLS",
        "base_model_name_or_path": str(base),
        "r": RANK,
        "lora_alpha": ALPHA,
        "modules_to_save": ["classifier", "score"],
    } | changed
    (folder / "adapter_config.json").write_text(json.dumps(said))
    return found


def make_sentence_model(
    folder: Path, *, pooling: str = "mean", unit: bool = True, dense: int | None = None
) -> Path:
    """A folder of sentence-transformers: encoder, pooling, unit length, a Dense with tanh."""
    make_encoder(folder, "bert", width=16)
    kinds = ["Transformer", "Pooling"] + ["Normalize"] * unit + ["Dense"] * (dense is not None)
    paths = [f"{i}_{kind}" if i else "" for i, kind in enumerate(kinds)]
    modules = [
        {"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for i, (kind, path) in enumerate(zip(kinds, paths, strict=True))
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "sentence_bert_config.json").write_text('{"max_seq_length": 24}')
    for path in paths[1:]:
        (folder / path).mkdir()
    said = {"pooling_mode_cls_token": pooling == "cls", "pooling_mode_mean_tokens": False}
    said[f"pooling_mode_{pooling}_tokens" if pooling != "cls" else "pooling_mode_cls_token"] = True
    (folder / "1_Pooling/config.json").write_text(json.dumps(said))
    if dense is not None:
        rng = np.random.default_rng(1)
        write_arrays(
            folder / paths[-1] / "model.safetensors",
            {"linear.weight": rng.normal(size=(dense, 16)), "linear.bias": rng.normal(size=dense)},
        )
        act = "torch.nn.modules.activation.Tanh"
        (folder / paths[-1] / "config.json").write_text(json.dumps({"activation_function": act}))
    return folder


def with_head(folder: Path, width: int, labels: tuple[str, ...] = LABELS) -> Path:
    """The same with a linear head beside the modules, as SetFit has it, without a pickle."""
    rng = np.random.default_rng(2)
    head = {"weight": rng.normal(size=(len(labels), width)), "bias": rng.normal(size=len(labels))}
    write_arrays(folder / "model_head.safetensors", head)
    (folder / "config_setfit.json").write_text(json.dumps({"labels": labels}))
    return folder


def copied(folder: Path, target: Path) -> Path:
    shutil.copytree(folder, target)
    return target
