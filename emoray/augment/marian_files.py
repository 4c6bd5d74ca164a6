"""Find the files of a Marian model: in a folder, or on the Hugging Face hub. No code is read.

Weights are `model.safetensors` where there are any. Much of the hub's Marian is a pickle,
`pytorch_model.bin`: PyTorch's restricted reader takes tensors from it and refuses whatever else it
holds. Other files, weights of other frameworks among them, are neither downloaded nor opened.
"""

import hashlib
import json
import re
from importlib.util import find_spec
from pathlib import Path

NEEDED = ("torch", "transformers", "safetensors", "sentencepiece", "sacremoses")
TOKENIZER = ("vocab.json", "source.spm", "target.spm")
_ALSO = ("generation_config.json", "tokenizer_config.json", "target_vocab.json")
SAFE, PICKLE = "model*.safetensors", "pytorch_model.bin"
_HUB_ID = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")


def require_translate() -> None:
    """Refuse an installation without the extra `translate`."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise ValueError(
            f"Marian models need {', '.join(NEEDED)}, got no {', '.join(missing)}: "
            "pip install 'emoray[translate]', or name another translator, e.g. apertium:eng-spa"
        )


def model_of(text: str) -> str | Path:
    """Parse a model's name: a folder here as a path, else an id of the hub."""
    folder = Path(text).expanduser()
    if folder.is_dir():
        return folder.absolute()
    if folder.exists() or not _HUB_ID.fullmatch(text):
        raise ValueError(
            f"a Marian model is a folder or an id of the hub, got {text!r}, which is no folder "
            "here: check the path, or write e.g. Helsinki-NLP/opus-mt-en-de"
        )
    return text


def _fetched(name: str) -> Path:
    """Download the hub's files into the hub's own cache, which also serves without a network."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.utils import disable_progress_bars

    disable_progress_bars()
    wanted = ["config.json", *TOKENIZER, *_ALSO]
    try:
        folder = Path(snapshot_download(name, allow_patterns=[*wanted, SAFE]))
        if not any(folder.glob(SAFE)):
            folder = Path(snapshot_download(name, allow_patterns=[*wanted, PICKLE]))
    except Exception as error:  # of several libraries below: any of them means no model
        reason = str(error).strip().split("\n")[0]
        raise ValueError(
            f"a Marian model is a folder or an id of the hub, got {name!r}, which could not be "
            f"fetched ({type(error).__name__}: {reason}): check the name and the network, or fetch "
            "it elsewhere and name its folder"
        ) from error
    return folder


def _weights(folder: Path) -> list[Path]:
    found = sorted(folder.glob(SAFE)) or sorted(folder.glob(PICKLE))
    if not found:
        raise ValueError(
            f"a Marian model's weights are model.safetensors or {PICKLE}, got neither in {folder}: "
            "check the folder, or save the model again with save_pretrained"
        )
    return found


def folder_of(model: str | Path) -> Path:
    """The folder of a model, with all files for translating; refuse one that is not complete."""
    folder = _fetched(model) if isinstance(model, str) else model
    missing = [n for n in ("config.json", *TOKENIZER) if not (folder / n).is_file()]
    if missing:
        raise ValueError(
            f"a Marian model's folder holds config.json, {', '.join(TOKENIZER)}, got {folder} "
            f"without {', '.join(missing)}: check the folder"
        )
    try:
        kind = json.loads((folder / "config.json").read_text("utf-8")).get("model_type")
    except (ValueError, AttributeError) as error:
        raise ValueError(f"config.json must be JSON, got {error} in {folder}") from error
    if kind != "marian":
        raise ValueError(
            f"a Marian model's config.json says model_type marian, got {kind!r} in {folder}: "
            "name a Marian model"
        )
    _weights(folder)
    return folder


def digest_of(folder: Path) -> str:
    """SHA-256 of all files that a translation depends on."""
    digest = hashlib.sha256()
    files = [folder / name for name in ("config.json", *TOKENIZER, *_ALSO)]
    for path in (*files, *_weights(folder)):
        if path.is_file():
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{path.name} {content}\n".encode())
    return digest.hexdigest()
