"""Merge a LoRA adapter, as PEFT saves it, into the model that it was trained on.

W + scale · B A (Hu et al. 2022), scale alpha / r, or alpha / sqrt(r) where it is rank-stabilized
(Kalajdzievski 2023); with magnitudes each row is scaled to its own length (Liu et al. 2024, DoRA).
Shapes: O outputs, I inputs, R rank of the adapter, V tokens, D width.
"""

import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import sqrt
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from emoray.models.encoder.onnx_export import quiet
from emoray.models.encoder.sources import TOKENIZER_FILES, find_encoder

CONFIG, WEIGHTS, PICKLED = (
    "adapter_config.json",
    "adapter_model.safetensors",
    "adapter_model.bin",
)
BESIDE = "base_model.model."  # before every name that PEFT saves
# Starts that change the weights which are not trained: what is saved is no difference from them.
MOVED = ("pissa", "olora", "corda", "loftq")
IN_PYTHON = (
    "merge the two in Python where peft is installed, peft.AutoPeftModelForSequenceClassification"
    ".from_pretrained(folder, num_labels=K).merge_and_unload().save_pretrained(whole), put the "
    "tokenizer's files beside them, and name that folder"
)
_PART = re.compile(
    r"(?P<path>.*?)\.(?:lora_(?P<side>[AB])(?:\.default)?\.(?P<kind>weight|bias)"
    r"|lora_embedding_(?P<table>[AB])(?:\.default)?"
    r"|lora_magnitude_vector(?:\.default)?(?P<magnitude>\.weight)?)"
)


@dataclass(slots=True)
class _Pair:
    """What an adapter adds to one module."""

    parts: dict[str, Tensor] = field(default_factory=dict)
    table: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scales:
    """How strongly each module's pair counts."""

    alpha: float
    alphas: Mapping[str, float]
    by_root: bool

    def of(self, path: str, rank: int) -> float:
        own = [a for key, a in self.alphas.items() if re.match(rf"(.*\.)?({key})$", path)]
        alpha = own[0] if own else self.alpha
        return alpha / (sqrt(rank) if self.by_root else rank)


def is_adapter(folder: Path) -> bool:
    """Whether a folder holds an adapter and no whole model."""
    return (folder / CONFIG).is_file() and not any(folder.glob("model*.safetensors"))


def read_adapter_config(folder: Path) -> dict[str, Any]:
    """Read adapter_config.json; refuse what cannot be merged here."""
    try:
        found = json.loads((folder / CONFIG).read_text("utf-8"))
        kind, start = str(found["peft_type"]), found.get("init_lora_weights")
        float(found["lora_alpha"] if kind == "LORA" else 0)
    except (ValueError, KeyError, TypeError):
        raise ValueError(
            f"{CONFIG} says what an adapter is, got a damaged one in {folder}: fetch it again"
        ) from None
    if kind != "LORA":
        raise ValueError(f"an adapter is LoRA's, got {kind} in {folder}: {IN_PYTHON}")
    if isinstance(start, str) and start.startswith(MOVED):
        raise ValueError(
            f"an adapter is added to the weights that its base has, got one that started from "
            f"others ({start}) in {folder}: {IN_PYTHON}"
        )
    return dict(found)


def _read(folder: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    if not (folder / WEIGHTS).is_file():
        got = f"{PICKLED}, a pickle that may run code," if (folder / PICKLED).is_file() else "none"
        raise ValueError(
            f"an adapter's weights are {WEIGHTS}, got {got} in {folder}: in a place that you trust "
            "it in, safetensors.torch.save_file({n: t.contiguous() for n, t in torch.load("
            f"'{PICKLED}', weights_only=True).items()}}, '{WEIGHTS}')"
        )
    try:
        return load_file(folder / WEIGHTS)
    except SafetensorError as error:
        raise ValueError(
            f"weights are whole safetensors files, got {error} in {folder / WEIGHTS}: fetch it "
            "again"
        ) from None


def _sorted(tensors: Mapping[str, Tensor]) -> tuple[dict[str, _Pair], dict[str, Tensor]]:
    """The pairs by module, and what was saved whole by its name in the model."""
    pairs: dict[str, _Pair] = {}
    whole = {}
    for saved, tensor in tensors.items():
        name = saved.removeprefix(BESIDE).replace(".base_layer", "")
        if found := _PART.fullmatch(name):
            pair = pairs.setdefault(found["path"], _Pair())
            side = found["side"] or found["table"] or "magnitude"
            pair.parts[f"{side}.bias" if found["kind"] == "bias" else side] = tensor.float()
            pair.table |= bool(found["table"])
        elif ".original_module." not in name:
            whole[re.sub(r"\.modules_to_save(\.default)?\.", ".", name)] = tensor.float()
    return pairs, whole


def _change(pair: _Pair, scale: float, weight_OI: Tensor, *, inputs_first: bool) -> Tensor:
    """The weight with what the pair adds; of a table the pair is the other way round."""
    added_OI = pair.parts["B"] @ pair.parts["A"]
    if pair.table or inputs_first:
        added_OI = added_OI.T
    changed_OI = weight_OI + scale * added_OI
    if (length_O := pair.parts.get("magnitude")) is None:
        return changed_OI
    if pair.table or inputs_first:
        raise ValueError("magnitudes of a table, or of kernels with inputs first")
    return changed_OI * (length_O.flatten() / changed_OI.norm(dim=1))[:, None]


def _labels(config: Any, whole: Mapping[str, Tensor]) -> int:
    """How many outputs the adapter's head has; as many as the base where it brings none."""
    from transformers import AutoModelForSequenceClassification

    own, config.num_labels = len(config.id2label), 2
    with torch.device("meta"), quiet():
        shapes = AutoModelForSequenceClassification.from_config(config).state_dict()
    rows = {
        len(tensor)
        for name, tensor in whole.items()
        if name in shapes and len(shapes[name]) == 2 and tensor.shape[1:] == shapes[name].shape[1:]
    }
    return next(iter(rows - {2}), 2 if rows else own)


def _base(source: Path, whole: Mapping[str, Tensor]) -> tuple[nn.Module, Any, list[str]]:
    """The base with a head of the adapter's size, its config, and what it has no weights for."""
    from transformers import AutoConfig, AutoModelForSequenceClassification

    with quiet():
        config = AutoConfig.from_pretrained(source, local_files_only=True)
        named = dict(config.id2label)
        labels = _labels(config, whole)
        config = AutoConfig.from_pretrained(source, local_files_only=True)
        if len(named) != labels:
            config.num_labels = labels
        model, info = AutoModelForSequenceClassification.from_pretrained(
            source,
            config=config,
            local_files_only=True,
            use_safetensors=True,
            dtype=torch.float32,
            ignore_mismatched_sizes=True,
            output_loading_info=True,
        )
    mismatched = [name for name, *_ in info["mismatched_keys"]]
    return model.eval(), config, [*info["missing_keys"], *mismatched]


def base_of(folder: Path, given: Path | None = None) -> Path:
    """The folder of the model that an adapter was trained on.

    Args:
        folder: of the adapter.
        given: of its base; None for the one that it names, a folder or an id of the hub.

    Returns:
        The folder.

    Raises:
        ValueError: there is none.
    """
    named = str(read_adapter_config(folder).get("base_model_name_or_path") or "")
    beside = folder / named
    try:
        if given is None and not named:
            raise ValueError("its adapter_config.json names none")
        return find_encoder(str(given or (beside if named and beside.is_dir() else named))).folder
    except ValueError as error:
        raise ValueError(
            f"an adapter's base is a folder, or an id of the hub, got {str(given or named)[:80]!r} "
            f"for {folder} ({error}): name its folder with --base"
        ) from None


@torch.no_grad()
def merge_adapter(folder: Path, base: Path, out: Path) -> None:
    """Write the base with what the adapter adds: config.json, model.safetensors and tokenizer.

    Args:
        folder: of the adapter, with its own tokenizer or without.
        base: of the model that it was trained on.
        out: an existing folder.

    Raises:
        ValueError: the two do not belong together, or the adapter is of another kind.
    """
    said = read_adapter_config(folder)
    pairs, whole = _sorted(_read(folder))
    model, _, missing = _base(base, whole)
    state = model.state_dict()
    scales = _Scales(
        alpha=float(said["lora_alpha"]),
        alphas=said.get("alpha_pattern") or {},
        by_root=bool(said.get("use_rslora")),
    )
    changed = dict(whole)
    for path, pair in pairs.items():
        name = f"{path}.weight"
        try:
            scale = scales.of(path, len(pair.parts["A"]))
            before_OI = whole.get(name, state[name])
            changed[name] = _change(
                pair, scale, before_OI, inputs_first=bool(said.get("fan_in_fan_out"))
            )
            if "B.bias" in pair.parts:
                bias_O = whole.get(f"{path}.bias", state[f"{path}.bias"])
                changed[f"{path}.bias"] = bias_O + scale * pair.parts["B.bias"]
        except (KeyError, RuntimeError, ValueError) as error:
            raise ValueError(
                f"an adapter changes matrices that its base has, got {path} ({error}) in {folder}: "
                f"name the base that it was trained on with --base, or {IN_PYTHON}"
            ) from None
    strange = [n for n, t in changed.items() if n not in state or state[n].shape != t.shape]
    if strange:
        raise ValueError(
            f"an adapter changes what its base has, got {strange[0]} in {folder}, which {base} "
            "lacks or has in another shape: name the base that it was trained on with --base"
        )
    if absent := sorted(set(missing) - set(changed)):
        raise ValueError(
            f"an adapter of a classifier brings its head, got none for {', '.join(absent[:3])} in "
            f'{folder}: train it with task_type="SEQ_CLS" or modules_to_save=["classifier"], or '
            "name with --base the classifier that it was trained on"
        )
    model.load_state_dict({**state, **changed})
    with quiet():
        model.save_pretrained(out)  # type: ignore[operator]
    tokenizer = folder if (folder / "tokenizer.json").is_file() else base
    for name in TOKENIZER_FILES:
        if (tokenizer / name).is_file():
            shutil.copyfile(tokenizer / name, out / name)
