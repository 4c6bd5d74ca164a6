"""Tiny tokenizers of the sample corpus, as read from an encoder's folder, and hard texts."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from emoray.text.subwords import PieceTokenizer
from emoray.text.subwords_io import MASKS, read_pieces
from tests.models.encoder.encoders_made import Kind, tokenizer_json

HARD = (
    "",
    "   ",
    "\r\n\t \x0b\x0c\x1c\x1f\x85\u2028\u3000",
    "thanks, that's GREAT 😂😂 I'm so happyyyy!!! 👍🏻",
    "don't you'll I'm we've he'd they're IT'S 'tis",
    "café naïve ÅNGSTRÖM e\u0301e\u0301 ΑΣ ΟΔΟΣ İstanbul ß ﬁne ①②½",
    "我爱你 そして 한국어 привет नमस्ते",
    "zero\u200bwidth\u200djoiner\ufeff soft\xadhyphen nul\x00bell\x07 \ufffd",
    "[NAME] [NAME][NAME] x[NAME]y [NAME]'s [name] [NAME",
    "is [RELIGION]   [NAME] \n [RELIGION] ",
    "[CLS] [SEP] [PAD] [UNK] [unused0] <s> </s> <pad> <mask>",
    "a" * 99 + " " + "a" * 100 + " " + "a" * 101 + " " + "ab" * 500,
    "(^_^) :-) <3 1,000.50 #tag @user https://x.y/z?a=b&c=d -- … “so” ‘it’",
    "good\u00a0morning\u2003all",
    " two  spaces   and more    ",
    "word " * 300,
)


def changed(kind: Kind, change: Callable[[dict[str, Any]], object]) -> str:
    """A tokenizer.json with a part changed."""
    said = json.loads(tokenizer_json(kind))
    change(said)
    return json.dumps(said)


def tokenizer(
    folder: Path,
    kind: Kind,
    *,
    max_tokens: int = 64,
    added: Sequence[str] = MASKS,
    said: str | None = None,
) -> PieceTokenizer:
    """Written into `folder` and read from there, as `said` has it where given."""
    folder.mkdir(exist_ok=True)
    (folder / "tokenizer.json").write_text(said or tokenizer_json(kind), "utf-8")
    return read_pieces(folder, max_tokens=max_tokens, added=added)
