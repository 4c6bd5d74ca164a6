"""The folder a user ships, and how to run it with numpy and onnxruntime alone. Copy it freely.

model.onnx       ids int32 [N, L] → logits float32 [N, K]
vocabulary.txt   one word a line; its id is the line number (from 0) + 2. 0 pads, 1 is unknown
tokenizer.json   what to do with a text: normalize, lowercase, `re.sub` each rule in order, then
                 `re.findall` of the token pattern; keep the first max_tokens words where given
labels.json      K names
decision.json    temperature; cuts: label k holds where logit k >= cuts[k]; thresholds: the same as
                 probabilities, sigmoid(cut / temperature), for people to read
manifest.json    SHA-256 of each of these files

Files that the manifest does not name are never read. Shapes: N texts, L tokens, K labels.
"""

import hashlib
import json
import os
import re
import shutil
import unicodedata
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

MODEL, VOCABULARY, TOKENIZER = "model.onnx", "vocabulary.txt", "tokenizer.json"
LABELS, DECISION, MANIFEST = "labels.json", "decision.json", "manifest.json"
FILES = (DECISION, LABELS, MODEL, TOKENIZER, VOCABULARY)
UNKNOWN, FIRST = 1, 2
BATCH = 64


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def manifest_of(hashes: Mapping[str, str]) -> bytes:
    """The bytes of manifest.json for files with these SHA-256."""
    lines = ",\n".join(f'"{name}":"{hashes[name]}"' for name in sorted(hashes))
    return f"{{\n{lines}\n}}\n".encode()


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files and their manifest as one new folder: all of it or nothing."""
    if set(files) != set(FILES):
        raise ValueError(
            f"an artifact holds {', '.join(FILES)}, got {', '.join(sorted(files))}: "
            "give exactly those; the manifest is written here"
        )
    if folder.exists():
        raise ValueError(f"an artifact is written once, got existing {folder}: remove it first")
    manifest = manifest_of({name: sha256(data) for name, data in files.items()})
    unfinished = folder.parent / f".{folder.name}.{uuid.uuid4().hex[:8]}"
    try:
        unfinished.mkdir(parents=True)
        for name, data in {**files, MANIFEST: manifest}.items():
            (unfinished / name).write_bytes(data)
        os.replace(unfinished, folder)
    except OSError as error:
        raise OSError(
            error.errno,
            f"an artifact needs a writable folder with space, got {error.strerror!r}: "
            "free space or choose another place",
            str(folder),
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def sizes(folder: Path) -> dict[str, int]:
    """Bytes of every file that makes up the artifact, the manifest included."""
    return {name: (folder / name).stat().st_size for name in (*FILES, MANIFEST)}


def read(folder: Path) -> dict[str, bytes]:
    """The files of an artifact, each checked against the manifest."""
    listed = _manifest(folder)
    files = {}
    for name in FILES:
        try:
            files[name] = (folder / name).read_bytes()
        except FileNotFoundError:
            raise _damaged(folder, f"{name} is missing") from None
        if (found := sha256(files[name])) != listed[name]:
            raise _damaged(folder, f"{name} has SHA-256 {found[:12]}…, not {listed[name][:12]}…")
    return files


def _damaged(folder: Path, what: str) -> ValueError:
    return ValueError(
        f"an artifact's files are as its manifest says, got {folder} where {what}: "
        "fetch or build the artifact again"
    )


def _manifest(folder: Path) -> dict[str, str]:
    if not (folder / MANIFEST).is_file():
        raise ValueError(
            f"an artifact is a folder with {MANIFEST}, got {folder} without: check the path"
        )
    try:
        listed = json.loads((folder / MANIFEST).read_bytes())
    except ValueError:
        raise _damaged(folder, f"{MANIFEST} is not JSON") from None
    if not isinstance(listed, dict) or set(listed) != set(FILES):
        raise _damaged(folder, f"{MANIFEST} does not list exactly {', '.join(FILES)}")
    return listed


class Tokenizer:
    """The words of a text, by the rules of a tokenizer.json."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        self._form = settings["normalize"]
        self._lowercase = settings["lowercase"]
        self._rules = [(re.compile(pattern), instead) for pattern, instead in settings["rules"]]
        self._token = re.compile(settings["token"])
        self._longest = settings.get("max_tokens")

    def __call__(self, text: str) -> list[str]:
        text = unicodedata.normalize(self._form, text) if self._form else text
        text = text.lower() if self._lowercase else text
        for pattern, instead in self._rules:
            text = pattern.sub(instead, text)
        return self._token.findall(text)[: self._longest]


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """probabilities_NK float32, calibrated by the temperature; labels: of each text, maybe none."""

    probabilities_NK: np.ndarray
    labels: list[list[str]]


class Classifier:
    """An artifact, ready to classify: `classifier(["thanks a lot!"]).labels`."""

    def __init__(self, files: Mapping[str, bytes], *, threads: int = 1) -> None:
        self.labels: tuple[str, ...] = tuple(json.loads(files[LABELS]))
        decision = json.loads(files[DECISION])
        self.temperature = float(decision["temperature"])
        self.cuts_K = np.array(decision["cuts"], np.float64)
        self.tokenize = Tokenizer(json.loads(files[TOKENIZER]))
        text = files[VOCABULARY].decode()
        words = text.removesuffix("\n").split("\n") if text else []
        self._ids = {word: i for i, word in enumerate(words, start=FIRST)}
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            files[MODEL], options, providers=["CPUExecutionProvider"]
        )

    def ids(self, text: str) -> list[int]:
        """Token ids of one text; a text without words is one unknown word."""
        return [self._ids.get(word, UNKNOWN) for word in self.tokenize(text)] or [UNKNOWN]

    def logits(self, texts: Iterable[str]) -> np.ndarray:
        """logits_NK float32. Batches are texts of like length; results do not depend on them."""
        rows = [self.ids(text) for text in texts]
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        logits_NK = np.empty((len(rows), len(self.labels)), np.float32)
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            ids_NL = np.zeros((len(batch), len(rows[batch[-1]])), np.int32)
            for n, i in enumerate(batch):
                ids_NL[n, : len(rows[i])] = rows[i]
            logits_NK[batch] = self._session.run(None, {"ids": ids_NL})[0]
        return logits_NK

    def __call__(self, texts: Sequence[str]) -> Predictions:
        if isinstance(texts, str):
            raise ValueError("texts are a list of strings, got one string: put it into a list")
        logits_NK = self.logits(texts)
        with np.errstate(over="ignore"):
            probabilities_NK = 1 / (1 + np.exp(-logits_NK / np.float32(self.temperature)))
        labels = [
            [label for label, holds in zip(self.labels, holds_K, strict=True) if holds]
            for holds_K in logits_NK >= self.cuts_K
        ]
        return Predictions(probabilities_NK, labels)


def load(folder: Path | str, *, threads: int = 1) -> Classifier:
    """The artifact in a folder; refuses one that is damaged."""
    return Classifier(read(Path(folder)), threads=threads)
