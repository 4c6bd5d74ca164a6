"""A small artifact to load, and to spoil: made once, in memory."""

import functools
import json
from collections.abc import Mapping
from typing import Any

from emoray.artifact.packaging import base_files, decision_json
from emoray.artifact.runtime import DECISION
from emoray.export.graph import build_graph
from emoray.labels import EKMAN
from emoray.quant.scheme import ModelScheme
from emoray.text.vocabulary import Vocabulary
from emoray.text.words import rules_json
from tests.export.made import WORDS, network

MAX_TOKENS = 8


@functools.cache
def _files() -> dict[str, bytes]:
    letters = "abcdefghijklmnopqrstuvwxyz"
    named = tuple(f"w{a}{b}" for a in letters for b in letters)[: WORDS - 2]
    words = Vocabulary(words=named).to_text()
    base = base_files(
        build_graph(network(), ModelScheme()).file,
        vocabulary=words,
        tokenizer=rules_json() | {"max_tokens": MAX_TOKENS},
        labels=EKMAN.labels,
    )
    return base | {DECISION: decision_json(1.5, [0.1 * k for k in range(7)], "per_label")}


def files() -> dict[str, bytes]:
    """Of an artifact of seven labels and the words waa, wab, wac, …"""
    return dict(_files())


def changed(name: str, **settings: Any) -> dict[str, bytes]:
    """The same with other settings in one of its files of JSON."""
    found = files()
    said: Mapping[str, Any] = json.loads(found[name])
    found[name] = json.dumps({**said, **settings}).encode()
    return found
