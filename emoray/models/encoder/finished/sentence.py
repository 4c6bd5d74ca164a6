"""Read a folder of sentence-transformers, an encoder that pools, with a head over its vectors.

The head is the last Dense module, or what SetFit keeps beside the modules: a linear one as
model_head.safetensors, `weight` (K, D) and `bias` (K,). Shapes: D width, K labels, I inputs,
O outputs.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from emoray.models.encoder.weights import CheckpointSettings, Tensors, layer_width, read_encoder

MODULES, SETFIT = "modules.json", "config_setfit.json"
HEAD, PICKLED = "model_head.safetensors", "model_head.pkl"
ACTIVATIONS = {
    "Identity": None,
    "Tanh": "tanh",
    "ReLU": "relu",
    "GELU": "gelu",
}
# What to run where the pickle is trusted, to have the same head as two arrays.
AS_ARRAYS = (
    "import joblib, numpy as np; from safetensors.numpy import save_file; "
    f"head = joblib.load('{PICKLED}'); parts = getattr(head, 'estimators_', [head]); "
    "save_file({'weight': np.concatenate([p.coef_ for p in parts]).astype('f4'), "
    "'bias': np.concatenate([p.intercept_ for p in parts]).astype('f4')}, "
    f"'{HEAD}')"
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dense:
    """x @ kernel + bias, then an activation; None for none."""

    kernel_IO: np.ndarray
    bias_O: np.ndarray
    activation: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SentenceModel:
    """What a folder of sentence-transformers says.

    Attributes:
        transformer: folder of the encoder.
        pooling: mean or cls.
        unit: whether the pooled vector has length one.
        dense: modules after it, the head last.
        labels: names of its outputs; empty where the folder does not say.
        max_tokens: of a text; None where it does not say.
    """

    transformer: Path
    pooling: str
    unit: bool
    dense: tuple[Dense, ...]
    labels: tuple[str, ...]
    max_tokens: int | None


def is_sentence_model(folder: Path) -> bool:
    """Whether a folder is one of sentence-transformers."""
    return (folder / MODULES).is_file()


def _json(path: Path, kind: type) -> Any:
    try:
        found = json.loads(path.read_text("utf-8"))
        if isinstance(found, kind):
            return found
    except (ValueError, OSError):
        pass
    raise ValueError(
        f"{path.name} of sentence-transformers is whole JSON, got a damaged one in {path.parent}: "
        "fetch it again"
    )


def _encoder(folder: Path) -> Path:
    """The folder of a model's encoder: its own, or that of its first module."""
    try:
        first = json.loads((folder / MODULES).read_text("utf-8"))[0]
        return folder / str(first.get("path", ""))
    except (ValueError, OSError, LookupError, AttributeError):
        return folder


def _elsewhere(folder: Path, rule: str, got: object) -> ValueError:
    return ValueError(
        f"a model of sentence-transformers {rule}, got {got} in {folder}: fine-tune its encoder "
        f"for your labels, python -m jobs.sweep --space bert --encoder {_encoder(folder)}"
    )


def _pooling(folder: Path, said: Mapping[str, Any]) -> str:
    modes = said.get("pooling_mode")
    if modes is None:
        modes = [key for key, chosen in said.items() if key.startswith("pooling_mode_") and chosen]
    names = {"pooling_mode_cls_token": "cls", "pooling_mode_mean_tokens": "mean"}
    found = [names.get(mode, mode) for mode in ([modes] if isinstance(modes, str) else modes)]
    if found not in (["cls"], ["mean"]):
        raise _elsewhere(folder, "pools by its mean or its first token", found)
    return str(found[0])


def _arrays(path: Path) -> Tensors:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return {name: values.astype(np.float32) for name, values in load_file(path).items()}
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"weights are whole safetensors files, got {error} in {path}: save the model again "
            "with safe_serialization=True"
        ) from None


def _dense(folder: Path) -> Dense:
    said = _json(folder / "config.json", dict)
    name = str(said.get("activation_function", "Identity")).rpartition(".")[2]
    name = name.removesuffix("()")
    if name not in ACTIVATIONS or said.get("use_residual"):
        what = "Dense with a residual" if said.get("use_residual") else f"Dense with {name}"
        raise _elsewhere(folder, f"has Dense modules with {', '.join(ACTIVATIONS)}", what)
    found = _arrays(folder / "model.safetensors")
    kernel_IO = np.ascontiguousarray(found["linear.weight"].T)
    bias_O = found.get("linear.bias", np.zeros(kernel_IO.shape[1], np.float32))
    return Dense(kernel_IO=kernel_IO, bias_O=bias_O, activation=ACTIVATIONS[name])


def _head(folder: Path) -> Dense | None:
    """The head that SetFit keeps beside the modules, None without one."""
    if (folder / HEAD).is_file():
        found = _arrays(folder / HEAD)
        if found.keys() != {"weight", "bias"} or len(found["weight"]) != found["bias"].size:
            raise ValueError(
                f"{HEAD} holds weight (K, D) and bias (K,), got "
                f"{ {name: values.shape for name, values in found.items()} } in {folder}: write it "
                "again"
            )
        return Dense(kernel_IO=np.ascontiguousarray(found["weight"].T), bias_O=found["bias"])
    if (folder / PICKLED).is_file():
        raise ValueError(
            f"a head is arrays, got {PICKLED}, a pickle that may run code, in {folder}: in that "
            f'folder, in a place that you trust it in, python -c "{AS_ARRAYS}"'
        )
    return None


def read_sentence_model(folder: Path) -> SentenceModel:
    """Read modules.json and what it names; ValueError for modules that have no place here."""
    modules = _json(folder / MODULES, list)
    kinds = [str(module.get("type", "")).rpartition(".")[2] for module in modules]
    paths = [folder / str(module.get("path", "")) for module in modules]
    if kinds[:2] != ["Transformer", "Pooling"]:
        raise _elsewhere(folder, "is a Transformer and a Pooling first", ", ".join(kinds))
    setfit = _json(folder / SETFIT, dict) if (folder / SETFIT).is_file() else {}
    dense: list[Dense] = []
    unit = False
    for kind, path in zip(kinds[2:], paths[2:], strict=True):
        if kind == "Dense":
            dense.append(_dense(path))
        elif kind == "Normalize" and not dense:
            unit = True
        elif kind != "Dropout":
            raise _elsewhere(folder, "is of unit length before any Dense module", kind)
    if (head := _head(folder)) is not None:
        if setfit.get("normalize_embeddings") and dense:
            raise _elsewhere(folder, "is of unit length before any Dense module", "Normalize")
        unit = unit or bool(setfit.get("normalize_embeddings"))
        dense.append(head)
    prompts = folder / "config_sentence_transformers.json"
    if prompts.is_file() and (name := _json(prompts, dict).get("default_prompt_name")):
        raise _elsewhere(folder, "reads texts as they are", f"a prompt before each ({name})")
    limits = paths[0] / "sentence_bert_config.json"
    tokens = _json(limits, dict).get("max_seq_length") if limits.is_file() else None
    return SentenceModel(
        transformer=paths[0],
        pooling=_pooling(folder, _json(paths[1] / "config.json", dict)),
        unit=unit,
        dense=tuple(dense),
        labels=tuple(map(str, setfit.get("labels") or ())),
        max_tokens=tokens if isinstance(tokens, int) else None,
    )


def _joined(first: Dense, then: Dense) -> Dense:
    """Two modules as one, where nothing lies between them."""
    return Dense(
        kernel_IO=first.kernel_IO @ then.kernel_IO,
        bias_O=first.bias_O @ then.kernel_IO + then.bias_O,
        activation=then.activation,
    )


def _few(folder: Path, dense: tuple[Dense, ...]) -> list[Dense]:
    """The same with at most one activation on the way, at most two modules."""
    if not dense:
        raise _elsewhere(
            folder,
            f"has a head over its vectors, a last Dense module or {HEAD} with weight (K, D) and "
            "bias (K,)",
            "none",
        )
    found: list[Dense] = []
    for module in dense:
        open_end = found and found[-1].activation is None
        found[-1:] = [_joined(found[-1], module)] if open_end else [*found[-1:], module]
    if len(found) > 2 or found[-1].activation is not None:
        raise _elsewhere(
            folder, "has one activation before its head", [each.activation for each in found]
        )
    return found


def _for_two(head: Dense, labels: int) -> Dense:
    """A head that says yes or no as one for two labels: that of no is always 0."""
    if head.bias_O.size != 1 or labels != 2:
        return head
    return Dense(
        kernel_IO=np.pad(head.kernel_IO, ((0, 0), (1, 0))), bias_O=np.pad(head.bias_O, (1, 0))
    )


def sentence_classifier(
    folder: Path, found: SentenceModel, labels: tuple[str, ...], *, softmax: bool
) -> tuple[Tensors, CheckpointSettings]:
    """The neutral tensors and settings of a classifier.

    Args:
        folder: of the model, for what is refused.
        found: what it says.
        labels: names of its outputs.
        softmax: whether it gives one label a text.

    Returns:
        Both.

    Raises:
        ValueError: there is no head for these labels.
    """
    *before, last = _few(folder, found.dense)
    head = _for_two(last, len(labels) if softmax else 0)
    if head.bias_O.size != len(labels):
        raise ValueError(
            f"a head's outputs have a name each, got {len(labels)} for {head.bias_O.size} in "
            f"{folder}: name them in their order with --labels"
        )
    tensors, settings = read_encoder(found.transformer)
    widths = [layer_width(tensors), *(each.bias_O.size for each in before)]
    kernels = [each.kernel_IO for each in (*before, head)]
    if [len(kernel) for kernel in kernels] != widths:
        raise ValueError(
            f"a head reads the vectors of its encoder, got {[k.shape for k in kernels]} after "
            f"{widths[0]} in {folder}: parts of two models"
        )
    for each in before:
        tensors |= {"pooler.kernel": each.kernel_IO, "pooler.bias": each.bias_O}
    tensors |= {"head.kernel": head.kernel_IO, "head.bias": head.bias_O}
    pooler = before[0].activation if before else None
    whole = replace(
        settings, pooling=found.pooling, pooler=pooler, softmax=softmax, unit=found.unit
    )
    return tensors, whole
