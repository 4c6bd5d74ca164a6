"""Reads the tokenizer of a transformers folder: tokenizer.json, WordPiece or byte-level BPE."""

import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emoray.text.pieces import UNKNOWN, BytePairs, PieceTokenizer, Rules, WordPiece

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MASKS = ("[NAME]", "[RELIGION]")  # what GoEmotions puts in the place of a name and a religion
_PADDING_NAMES, _UNKNOWN_NAMES = ("[PAD]", "<pad>"), ("[UNK]", "<unk>")


def _refuse(folder: Path, part: str, got: object) -> ValueError:
    return ValueError(
        f"a tokenizer is WordPiece as BERT has it or byte-level BPE as RoBERTa has it, got {part} "
        f"{got} in {folder / 'tokenizer.json'}: choose an encoder with one of these"
    )


def _type(part: Mapping[str, Any] | None) -> str:
    return str(part.get("type")) if part else "none"


def _wordpiece(said: Mapping[str, Any], folder: Path) -> WordPiece:
    model, normalizer, splitter = said["model"], said["normalizer"], said["pre_tokenizer"]
    if _type(normalizer) not in ("BertNormalizer", "none"):
        raise _refuse(folder, "normalizer", _type(normalizer))
    if _type(splitter) != "BertPreTokenizer":
        raise _refuse(folder, "pre-tokenizer", _type(splitter))
    steps = normalizer or {}
    lowercase = bool(steps.get("lowercase", False))
    strip = steps.get("strip_accents")
    return WordPiece(
        clean_text=bool(steps.get("clean_text", False)),
        handle_chinese_chars=bool(steps.get("handle_chinese_chars", False)),
        strip_accents=lowercase if strip is None else bool(strip),
        lowercase=lowercase,
        continuing=model["continuing_subword_prefix"],
        longest_word=model["max_input_chars_per_word"],
    )


def _byte_pairs(said: Mapping[str, Any], folder: Path) -> BytePairs:
    model, splitter = said["model"], said["pre_tokenizer"]
    if said["normalizer"] is not None:
        raise _refuse(folder, "normalizer", _type(said["normalizer"]))
    if _type(splitter) != "ByteLevel" or not splitter.get("use_regex", True):
        raise _refuse(folder, "pre-tokenizer", _type(splitter))
    for option in ("continuing_subword_prefix", "end_of_word_suffix", "byte_fallback", "dropout"):
        if model.get(option):
            raise _refuse(folder, option, model[option])
    pairs = [m.split(" ") if isinstance(m, str) else m for m in model["merges"]]
    return BytePairs(
        merges=tuple((a, b) for a, b in pairs),
        add_prefix_space=bool(splitter["add_prefix_space"]),
    )


def _frame(said: Mapping[str, Any], folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    frame = said["post_processor"]
    if _type(frame) in ("BertProcessing", "RobertaProcessing"):
        return (frame["cls"][0],), (frame["sep"][0],)
    if _type(frame) != "TemplateProcessing":
        raise _refuse(folder, "post-processor", _type(frame))
    names = [next(iter(step.values()))["id"] for step in frame["single"]]
    place = next(i for i, step in enumerate(frame["single"]) if "Sequence" in step)
    return tuple(names[:place]), tuple(names[place + 1 :])


def _role(folder: Path, role: str, usual: Sequence[str], rows: Mapping[str, int]) -> str | None:
    """The piece that the folder's files name for a role, else the usual one, where there is any."""
    for file in ("tokenizer_config.json", "special_tokens_map.json"):
        if (folder / file).is_file():
            name = json.loads((folder / file).read_text("utf-8")).get(f"{role}_token")
            name = name.get("content") if isinstance(name, dict) else name
            if name in rows:
                return str(name)
    return next((name for name in usual if name in rows), None)


def _start(added: str, library: "Tokenizer", unknown: int) -> tuple[int, ...]:
    """Rows of the pieces that say what an added token is, as they stand within a sentence."""
    said = unicodedata.name(added, added) if len(added) == 1 else added.strip("[]<>")
    ids = library.encode(f" {said.lower()}", add_special_tokens=False).ids
    return tuple(i for i in ids if i != unknown)


def read_pieces(folder: Path, *, max_tokens: int, added: Sequence[str] = MASKS) -> PieceTokenizer:
    """Every piece of an encoder, in the encoder's own order, then the added tokens.

    An added token that the encoder knows keeps its row; another one starts from the mean of the
    rows of the word in its brackets, a single sign from its name in Unicode. Special pieces such
    as `[SEP]` are never read in a text.
    """
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise ValueError(
            f"an encoder's folder holds tokenizer.json, got {folder} without: save the tokenizer "
            "beside the model with AutoTokenizer.from_pretrained(...).save_pretrained(folder)"
        )
    said = json.loads(path.read_text("utf-8"))
    readers: dict[str, Callable[[Mapping[str, Any], Path], Rules]] = {
        "WordPiece": _wordpiece,
        "BPE": _byte_pairs,
    }
    if (kind := _type(said["model"])) not in readers:
        raise _refuse(folder, "model", kind)
    rules = readers[kind](said, folder)
    prefix, suffix = _frame(said, folder)
    own = said["added_tokens"]
    rows = said["model"]["vocab"] | {token["content"]: token["id"] for token in own}
    padding = _role(folder, "pad", _PADDING_NAMES, rows)
    unknown = said["model"]["unk_token"] or _role(folder, "unk", _UNKNOWN_NAMES, rows)
    added = (*(t["content"] for t in own if not t["special"] and t["content"] not in added), *added)
    last = {padding, unknown, *added}
    pieces = [piece for piece in sorted(rows, key=lambda p: rows[p]) if piece not in last]
    library = rules.without_pieces({UNKNOWN: len(rows), **rows})
    starts = [(rows[name],) if name in rows else _start(name, library, len(rows)) for name in added]
    instead = rows[padding] if padding else 0
    return PieceTokenizer(
        rules=rules,
        pieces=(*pieces, *added),
        prefix=prefix,
        suffix=suffix,
        added=added,
        max_tokens=max_tokens,
        rows=(
            (instead,),
            (rows[unknown] if unknown else instead,),
            *((rows[piece],) for piece in pieces),
            *(start or (instead,) for start in starts),
        ),
    )
