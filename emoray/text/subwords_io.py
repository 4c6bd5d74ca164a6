"""Read the tokenizer of a transformers folder: WordPiece, byte-level BPE or Unigram."""

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from emoray.text.normal_steps import Step, steps_of
from emoray.text.opened import OpenedTokenizer, open_tokenizer
from emoray.text.subword_rules import (
    PADDING,
    SPACE,
    UNKNOWN,
    UNMATCHED,
    BytePairRules,
    Rules,
    UnigramRules,
    WordPieceRules,
)
from emoray.text.subwords import AddedPiece, PieceTokenizer

if TYPE_CHECKING:
    from tokenizers import Tokenizer

MASKS = ("[NAME]", "[RELIGION]")  # what GoEmotions puts in the place of a name and a religion
# Of byte pairs, none of which RoBERTa uses.
OPTIONS = (
    "continuing_subword_prefix",
    "end_of_word_suffix",
    "byte_fallback",
    "dropout",
    "ignore_merges",
)
_PADDING_NAMES, _UNKNOWN_NAMES = ("[PAD]", "<pad>"), ("[UNK]", "<unk>")


def _refuse(folder: Path, part: str, got: object) -> ValueError:
    return ValueError(
        "a tokenizer is WordPiece as BERT has it, byte-level BPE as RoBERTa and ModernBERT have it "
        f"or Unigram as XLM-R, ALBERT and DeBERTa have it, got {part} {got} in "
        f"{folder / 'tokenizer.json'}: choose an encoder with one of these"
    )


def _type(part: Mapping[str, Any] | None) -> str:
    return str(part.get("type")) if part else "none"


def _wordpiece(spec: Mapping[str, Any], folder: Path) -> WordPieceRules:
    model, normalizer, splitter = spec["model"], spec["normalizer"], spec["pre_tokenizer"]
    if _type(normalizer) not in ("BertNormalizer", "none"):
        raise _refuse(folder, "normalizer", _type(normalizer))
    if _type(splitter) != "BertPreTokenizer":
        raise _refuse(folder, "pre-tokenizer", _type(splitter))
    steps = normalizer or {}
    lowercase = bool(steps.get("lowercase", False))
    strip = steps.get("strip_accents")
    return WordPieceRules(
        clean_text=bool(steps.get("clean_text", False)),
        handle_chinese_chars=bool(steps.get("handle_chinese_chars", False)),
        strip_accents=lowercase if strip is None else bool(strip),
        lowercase=lowercase,
        continuing=model["continuing_subword_prefix"],
        longest_word=model["max_input_chars_per_word"],
    )


def _byte_pairs(spec: Mapping[str, Any], folder: Path) -> BytePairRules:
    model, splitter = spec["model"], spec["pre_tokenizer"]
    if _type(splitter) != "ByteLevel" or not splitter.get("use_regex", True):
        raise _refuse(folder, "pre-tokenizer", _type(splitter))
    for option in OPTIONS:
        if model.get(option):
            raise _refuse(folder, option, model[option])
    pairs = [m.split(" ") if isinstance(m, str) else m for m in model["merges"]]
    return BytePairRules(
        merges=tuple((a, b) for a, b in pairs),
        add_prefix_space=bool(splitter["add_prefix_space"]),
        normalize=_steps(spec, folder),
    )


def _steps(spec: Mapping[str, Any], folder: Path) -> tuple[Step, ...]:
    try:
        return steps_of(spec["normalizer"])
    except ValueError as error:
        raise _refuse(folder, "normalizer", error) from None


def _splitters(splitter: Mapping[str, Any] | None) -> list[Mapping[str, Any]]:
    if splitter is None:
        return []
    if splitter["type"] == "Sequence":
        return [step for part in splitter["pretokenizers"] for step in _splitters(part)]
    return [splitter]


def _unigram(spec: Mapping[str, Any], folder: Path) -> UnigramRules:
    model, steps = spec["model"], _steps(spec, folder)
    splitters = _splitters(spec["pre_tokenizer"])
    meta = splitters.pop() if splitters and _type(splitters[-1]) == "Metaspace" else None
    found = [_type(step) for step in splitters]
    for kind, step in zip(found, splitters, strict=True):
        if kind not in ("WhitespaceSplit", "Punctuation") or found.count(kind) > 1:
            raise _refuse(folder, "pre-tokenizer", kind)
        if step.get("behavior", "Isolated") != "Isolated":
            raise _refuse(folder, "pre-tokenizer", f"Punctuation of behavior {step['behavior']}")
    if meta is None and not any(_makes_signs(step) for step in steps):
        raise _refuse(folder, "pre-tokenizer", "without Metaspace")
    scheme = meta["prepend_scheme"] if meta else "never"
    if meta and meta["replacement"] != SPACE:
        raise _refuse(folder, "Metaspace of", meta["replacement"])
    # The first word's place in the text counts, which steps that take away from its start move.
    moving = [_type(step) for step in steps if _moves_start(step)] + found
    if scheme == "first" and moving:
        raise _refuse(folder, "prepend_scheme first after", moving[0])
    if model.get("unk_id") is None:
        raise _refuse(folder, "Unigram", "without an unknown piece")
    scores = {piece: float(score) for piece, score in model["vocab"]}
    unknown = model["vocab"][model["unk_id"]][0]
    return UnigramRules(
        lowest=min(scores.values()),
        unknown_score=scores.pop(unknown),
        unknown=unknown,
        scores=scores,
        byte_fallback=bool(model.get("byte_fallback")),
        normalize=steps,
        split_whitespace="WhitespaceSplit" in found,
        split_punctuation="Punctuation" in found,
        metaspace=meta is not None,
        prepend_scheme=scheme,
        split=bool(meta and meta.get("split", True)),
    )


def _makes_signs(step: Step) -> bool:
    return _type(step) == "Replace" and step["pattern"] == {"String": " "}


def _moves_start(step: Step) -> bool:
    return _type(step) == "StripAccents" or bool(step.get("strip_left"))


def _rules(spec: Mapping[str, Any], folder: Path) -> Rules:
    readers: dict[str, Callable[[Mapping[str, Any], Path], Rules]] = {
        "WordPiece": _wordpiece,
        "BPE": _byte_pairs,
        "Unigram": _unigram,
    }
    if (kind := _type(spec["model"])) not in readers:
        raise _refuse(folder, "model", kind)
    return readers[kind](spec, folder)


def _frame(spec: Mapping[str, Any], folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    frame = spec["post_processor"]
    if _type(frame) in ("BertProcessing", "RobertaProcessing"):
        return (frame["cls"][0],), (frame["sep"][0],)
    if _type(frame) != "TemplateProcessing":
        raise _refuse(folder, "post-processor", _type(frame))
    names = [next(iter(step.values()))["id"] for step in frame["single"]]
    place = next(i for i, step in enumerate(frame["single"]) if "Sequence" in step)
    return tuple(names[:place]), tuple(names[place + 1 :])


def _role(named: str | None, usual: Sequence[str], rows: Mapping[str, int]) -> str | None:
    """The piece that transformers names for a role, else the usual one, where there is any."""
    return next((str(name) for name in (named, *usual) if name in rows), None)


def _unknown(model: Mapping[str, Any]) -> str | None:
    """The model's own name of the unknown piece."""
    if _type(model) == "Unigram":
        return str(model["vocab"][model["unk_id"]][0])
    return model["unk_token"]


def _library(rules: Rules, vocabulary: Mapping[str, int], rows: Mapping[str, int]) -> "Tokenizer":
    """The encoder's pieces in the library, without what stands apart from its words."""
    if isinstance(rules, UnigramRules):
        return rules.without_pieces(vocabulary)
    return rules.without_pieces({UNKNOWN: len(rows), **rows})


def _start(added: str, library: "Tokenizer", unknown: int) -> tuple[int, ...]:
    """Rows of the pieces of an added token's name, as within a sentence."""
    name = unicodedata.name(added, added) if len(added) == 1 else added.strip("[]<>")
    ids = library.encode(f" {name.lower()}", add_special_tokens=False).ids
    return tuple(i for i in ids if i != unknown)


def _vocabulary(model: Mapping[str, Any]) -> Mapping[str, int]:
    """The row of each piece of the model, without added tokens of their own."""
    if _type(model) == "Unigram":
        return {piece: row for row, (piece, _) in enumerate(model["vocab"])}
    found: Mapping[str, int] = model["vocab"]
    return found


def _added(
    found: OpenedTokenizer, vocabulary: Mapping[str, int], more: Sequence[str]
) -> tuple[AddedPiece, ...]:
    """The encoder's own added tokens in the order of their ids, and ours."""
    made = [
        AddedPiece(
            content=token["content"],
            lstrip=token["lstrip"],
            rstrip=token["rstrip"],
            single_word=token["single_word"],
            normalized=token["normalized"],
            apart=token["content"] not in vocabulary,
        )
        for token in sorted(found.specification["added_tokens"], key=lambda token: token["id"])
    ]
    known = {piece.content for piece in made}
    made += [
        AddedPiece(content=name, lstrip=True, apart=name not in vocabulary)
        for name in more
        if name not in known
    ]
    return tuple(piece for piece in made if piece.content)


def _check_side(found: OpenedTokenizer, folder: Path) -> None:
    if (side := found.library.truncation_side) != "right":
        raise ValueError(
            f"a text that is too long loses its end, got truncation_side {side!r} in {folder}: set "
            'it to "right" in tokenizer_config.json if the model may read texts so'
        )


def read_pieces(folder: Path, *, max_tokens: int, added: Sequence[str] = MASKS) -> PieceTokenizer:
    """Read every piece of an encoder, in its own order, then the added tokens that it lacks.

    Special tokens are found before words are cut, as transformers does. An added token that the
    encoder knows is as the encoder has it; another one starts from the mean of the rows of the word
    in its brackets, a single sign from its name in Unicode.

    Args:
        folder: with tokenizer.json.
        max_tokens: of a text, framing included.
        added: further tokens.

    Returns:
        The tokenizer as data.

    Raises:
        ValueError: if the folder has no tokenizer.json.
    """
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise ValueError(
            f"an encoder's folder holds tokenizer.json, got {folder} without: save the tokenizer "
            "beside the model with AutoTokenizer.from_pretrained(...).save_pretrained(folder)"
        )
    found = open_tokenizer(folder)
    _check_side(found, folder)
    spec = found.specification
    rules = _rules(spec, folder)
    prefix, suffix = _frame(spec, folder)
    vocabulary = _vocabulary(spec["model"])
    rows = {**vocabulary, **{t["content"]: t["id"] for t in spec["added_tokens"]}}
    padding = _role(found.padding, _PADDING_NAMES, rows)
    unknown = _unknown(spec["model"]) or _role(found.unknown, _UNKNOWN_NAMES, rows)
    tokens = _added(found, vocabulary, added)
    # Padding that occurs in a text has an id of its own; 0 pads alone.
    nameless = UNMATCHED if isinstance(rules, UnigramRules) else PADDING
    apart = {unknown, nameless} | ({padding} - {token.content for token in tokens})
    last = [token.content for token in tokens if token.apart and token.content != unknown]
    own = [p for p in sorted(rows, key=lambda p: rows[p]) if p not in apart and p not in set(last)]
    own += [name for name in last if name in rows]
    new = [name for name in last if name not in rows]
    library = _library(rules, vocabulary, rows)
    nothing = rows[rules.unknown] if isinstance(rules, UnigramRules) else len(rows)
    instead = rows.get(nameless, rows[padding] if padding else 0)
    return PieceTokenizer(
        rules=rules,
        pieces=(*own, *new),
        prefix=prefix,
        suffix=suffix,
        added=tokens,
        max_tokens=max_tokens,
        unknown=unknown or "",
        rows=(
            (instead,),
            (rows[unknown] if unknown else instead,),
            *((rows[piece],) for piece in own),
            *(_start(name, library, nothing) or (instead,) for name in new),
        ),
    )
