"""The folder a user ships, and how to run it with numpy and onnxruntime alone. Copy it freely.

model.onnx       ids int32 [N, L] → logits float32 [N, K]
vocabulary.txt   one word or piece a line; its id is the line number (from 0) + 2. 0 pads, 1 is
                 unknown
tokenizer.json   how a text becomes words (`Words`) or an encoder's pieces (`WordPiece`,
                 `BytePairs`, `Unigram`: the ids that transformers' tokenizers give); max_tokens of
                 them count
labels.json      K names
decision.json    temperature; cuts: label k holds where logit k >= cuts[k]; thresholds: the same as
                 probabilities, sigmoid(cut / temperature), for people to read
                 (spaces at the end make it one size for all decisions on K labels). Under derived
                 it may decide in coarser taxonomies too, each label a group of the model's own:
                 how their probabilities become one, temperature and cuts of what comes out.
                 softmax: true where a text's probabilities sum to 1. Each logit is then a margin,
                 what a label is ahead of the best other one: cuts of 0 give the most probable
                 label alone, thresholds are its probability beside that other one's
manifest.json    SHA-256 of each of these files

Where a model reads features in place of texts, it is features float32 [N, F] → logits,
vocabulary.txt is empty, and tokenizer.json ({"kind": "features"}) says how many there are, and
their names, or that of the column that held them as lists. Standardization is part of the graph.

An ensemble keeps each model's own files under members/0/, members/1/, … and lists in ensemble.json
which files make up which member, its weight, and of what the weighted mean is taken: of the
members' logits, or of their probabilities (then the logit of that mean is what is decided on).
Members of one vocabulary share its file.

Files that the manifest does not name are never read to classify. One may be card.json, provenance
of the artifact for people: `card(folder)`. Shapes: N texts, L tokens, K labels, F features.

As a command, `python artifact.py FOLDER < texts.txt` prints a line of JSON for each line of text,
or of numbers.
"""

import argparse
import base64
import binascii
import hashlib
import heapq
import json
import os
import re
import shutil
import string
import sys
import unicodedata
import uuid
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial
from itertools import compress, groupby, islice, pairwise, takewhile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

# Before the import, which reads it: else onnxruntime writes a device id and events into the user's
# cache and looks for a host that takes them.
os.environ["ORT_DISABLE_TELEMETRY"] = os.environ.get("ORT_DISABLE_TELEMETRY") or "1"
import onnxruntime

MODEL, VOCABULARY, TOKENIZER = "model.onnx", "vocabulary.txt", "tokenizer.json"
LABELS, DECISION, MANIFEST = "labels.json", "decision.json", "manifest.json"
CARD = "card.json"  # not part of the artifact: neither in its manifest nor in its size
FILES = (DECISION, LABELS, MODEL, TOKENIZER, VOCABULARY)
ENSEMBLE = "ensemble.json"
SHARED = {DECISION, ENSEMBLE, LABELS}  # of an ensemble; the others are its members'
MEMBER = re.compile(
    "|".join(rf"members/\d+/{re.escape(n)}" for n in (MODEL, TOKENIZER, VOCABULARY))
)
LOGITS, PROBABILITIES = "logits", "probabilities"  # of what an ensemble is the mean
DERIVED, NATIVE = "derived", "taxonomy"  # of a decision: coarser ones, what the labels are called
NOISY_OR, MAX, SUM = "noisy_or", "max", "sum"  # how probabilities of a group of labels become one
WAYS = (NOISY_OR, MAX, SUM)
SURE = 1 - 1e-6  # a sum of probabilities is at most that
UNKNOWN, FIRST = 1, 2
FEATURES = "features"  # what models read that read no texts
BATCH = 64  # texts in one run of a model
STREAM = 1024  # texts of a stream in memory at once
MINIMUM_ONNXRUNTIME = (1, 24)  # the first whose processors run the attention of an encoder
AGAIN = "fetch or build the artifact again"

# Unicode's white space, which is a little less than Python's.
WHITE = (
    "\t\n\v\f\r \x85\xa0\u1680"
    + "".join(map(chr, range(0x2000, 0x200B)))
    + "\u2028\u2029\u202f\u205f\u3000"
)
SIGNS = string.punctuation
CJK = (
    (0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x2A6DF), (0x2A700, 0x2B81F),
    (0x2B920, 0x2CEAF), (0x2F800, 0x2FA1F),
)  # fmt: skip
# Characters that Unicode's clusters hold for parts of the letter before or after them, or not.
JOINED = "\u200c\u200d\u0e33\u0eb3\uff9e\uff9f"
BEFORE = (
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\U000110bd\U000110cd"
    "\U000111c2\U000111c3\U0001193f\U00011941\U00011a3a\U00011d46"
)
APART = (
    "\u102b\u102c\u1038\u1062\u1063\u1064\u1067\u1068\u1069\u106a\u106b\u106c\u106d\u1083\u1087\u1088"
    "\u1089\u108a\u108b\u108c\u108f\u109a\u109b\u109c\u1a61\u1a63\u1a64\uaa7b\uaa7d\U00011720\U00011721"
)
HANGUL = (  # parts of a syllable, in their order: l, v, t
    ("l", 0x1100, 0x115F), ("v", 0x1160, 0x11A7), ("t", 0x11A8, 0x11FF),
    ("l", 0xA960, 0xA97C), ("v", 0xD7B0, 0xD7C6), ("t", 0xD7CB, 0xD7FB),
)  # fmt: skip
MOST_MARKS = 30
MANY_SIGNS = re.compile(r"[^\w\s\x00-\u02ff]{31,}")
# SHA-256 of the rules of each version of words: as JSON, normalize, lowercase, rules, token.
WORD_RULES = {
    "b69ec6eb82bc5e92a13a6f2cb6b0a0e6f037f3eac2697deeddf9e26b8ded1fb2",
    "3f3c51ab793b0fb3728bcbe2e5c2b09dcbd43f24e5ea6837106365fb45aede90",
}
_LINK = r"\[(?!name\]|religion\])([^\[\]]+)\]\((?:https?:|www\.|/)"
# A rule of version 1 takes quadratic time on links that do not end. That of version 2 does not, and
# differs only where a link begins within the address of another.
QUADRATIC, LINEAR = rf"{_LINK}[^\s)]*\)", rf"{_LINK}[^\s)\]]*(?:\](?!\()[^\s)\]]*)*\)"
# Patterns that steps of tokenizer.json replace; Python's white space is a little more than theirs.
REPLACED = {
    " {2,}": " {2,}",
    r"\s+": f"[{WHITE}]+",
    r"\s{2,}|[\n\r\t]": f"[{WHITE}]{{2,}}|[\n\r\t]",
}
SPACE = "▁"  # SentencePiece's sign of a space
MOST_UNPACKED = 1 << 26  # bytes of a packed value
UNKNOWN_PIECE = "[UNK]"  # no piece of a vocabulary.txt, so its id is UNKNOWN
CACHED_WORDS, CACHED_LENGTH = 1 << 16, 64  # long words would fill the memory
# Word rules never look across white space, but for links, [text](address), and for what NFKC makes
# of stand-alone accents. A sign of no script is a word of its own to all of them.
BETWEEN = "\ue000"
ACROSS = re.compile(f"[\u0300-\u036f{BETWEEN}]")


def _shown(value: Any) -> str:
    """A value in an error, cut to length."""
    text = repr(value[:60] if isinstance(value, str | bytes | list) else value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def _wrong(name: str, rule: str, value: Any) -> ValueError:
    return ValueError(f"{name} of an artifact {rule}, got {_shown(value)}: {AGAIN}")


def _json(name: str, data: bytes, kind: type) -> Any:
    """Parse a file of JSON that holds an object or a list."""
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError):
        raise _wrong(name, "is JSON", data) from None
    if not isinstance(parsed, kind):
        raise _wrong(name, f"holds {'an object' if kind is dict else 'a list'}", parsed)
    return parsed


def _number(value: Any) -> bool:
    """Whether JSON's value is a finite number that a float can hold."""
    return (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and abs(value) <= sys.float_info.max
    )


def sha256(data: bytes) -> str:
    """The SHA-256 of some bytes, in hex."""
    return hashlib.sha256(data).hexdigest()


def manifest_of(hashes: Mapping[str, str]) -> bytes:
    """The bytes of manifest.json for files with these SHA-256."""
    lines = ",\n".join(f'"{name}":"{hashes[name]}"' for name in sorted(hashes))
    return f"{{\n{lines}\n}}\n".encode()


def complete(names: Iterable[str]) -> bool:
    """Whether these are the files of an artifact, all of them: of one model or of an ensemble."""
    found = set(names)
    members = found - SHARED
    return found == set(FILES) or (found > SHARED and all(map(MEMBER.fullmatch, members)))


def write(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the files and their manifest as one new folder, atomically."""
    if not complete(files):
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
            (unfinished / name).parent.mkdir(parents=True, exist_ok=True)
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
    return {name: (folder / name).stat().st_size for name in (*_manifest(folder), MANIFEST)}


def _checked(folder: Path, listed: Mapping[str, str]) -> dict[str, bytes]:
    files = {}
    for name in sorted(listed):
        if not (folder / name).is_file():  # nor a pipe, which would never end
            raise _damaged(folder, f"{name} is missing")
        try:
            files[name] = (folder / name).read_bytes()
        except FileNotFoundError:
            raise _damaged(folder, f"{name} is missing") from None
        if (found := sha256(files[name])) != listed[name]:
            raise _damaged(folder, f"{name} has SHA-256 {found[:12]}…, not {listed[name][:12]}…")
    return files


def read(folder: Path) -> dict[str, bytes]:
    """Read the files of an artifact, each checked against the manifest.

    Where the decision changed between two of these reads, all are read again.

    Returns:
        Content by name.

    Raises:
        ValueError: if a file is missing or differs from its hash.
    """
    while True:
        listed = _manifest(folder)
        try:
            return _checked(folder, listed)
        except ValueError:
            if _manifest(folder) == listed:
                raise


def _damaged(folder: Path, what: str) -> ValueError:
    return ValueError(
        f"an artifact's files are as its manifest says, got {folder} where {what}: {AGAIN}"
    )


def _manifest(folder: Path) -> dict[str, str]:
    if not (folder / MANIFEST).is_file():
        raise ValueError(
            f"an artifact is a folder with {MANIFEST}, got {folder} without: check the path"
        )
    try:
        listed = json.loads((folder / MANIFEST).read_bytes())
    except (ValueError, RecursionError):
        raise _damaged(folder, f"{MANIFEST} is not JSON") from None
    if not isinstance(listed, dict) or not complete(listed):
        raise _damaged(
            folder, f"{MANIFEST} does not list exactly {', '.join(FILES)}, nor those of an ensemble"
        )
    if invalid := [name for name, found in listed.items() if not isinstance(found, str)]:
        raise _damaged(folder, f"{MANIFEST} has no SHA-256 of {invalid[0]}")
    return listed


def _few_marks(found: re.Match[str]) -> str:
    kept, marks = [], 0
    for sign in found[0]:
        marks = marks + 1 if unicodedata.combining(sign) else 0
        if marks <= MOST_MARKS:
            kept.append(sign)
    return "".join(kept)


def normalized(form: Any, text: str) -> str:
    """`unicodedata.normalize`, with at most 30 marks on one letter.

    It takes quadratic time to sort the marks; letters have no more (UAX #15 D3).

    Returns:
        The normalized text.
    """
    return unicodedata.normalize(form, text if text.isascii() else MANY_SIGNS.sub(_few_marks, text))


def _in_order(found: re.Match[str]) -> str:
    """Sort marks by their class, as every form of Unicode does, but in n log n."""
    signs = "".join(unicodedata.normalize("NFD", sign) for sign in found[0])
    ordered: list[str] = []
    for marks, found_signs in groupby(signs, key=lambda sign: unicodedata.combining(sign) > 0):
        run = list(found_signs)
        ordered += sorted(run, key=unicodedata.combining) if marks else run
    return "".join(ordered)


def in_form(form: Any, text: str) -> str:
    """`unicodedata.normalize`, in n log n with any number of marks on one letter."""
    return unicodedata.normalize(form, text if text.isascii() else MANY_SIGNS.sub(_in_order, text))


def card(folder: Path | str) -> dict[str, Any] | None:
    """Read the artifact's card: its point, corpus, scores, versions, licence.

    It is for people: nothing checks it, and nothing needs it to run.

    Returns:
        The card; None for an artifact without one.
    """
    path = Path(folder) / CARD
    return _json(CARD, path.read_bytes(), dict) if path.is_file() else None


def _fields(settings: Mapping[str, Any], *kinds: Mapping[str, Any]) -> None:
    """Refuse settings that miss one of `kinds` or its type; lists of the first hold strings."""
    for name, kind in ((n, k) for some in kinds for n, k in some.items()):
        if name not in settings:
            raise _wrong(TOKENIZER, f"has the setting {name}", sorted(settings))
        if not isinstance(settings[name], kind):
            raise _wrong(TOKENIZER, f"has {name} of its type", settings[name])
        strings = kind is list and name in kinds[0]
        if strings and not all(isinstance(entry, str) for entry in settings[name]):
            raise _wrong(TOKENIZER, f"has {name} of strings", settings[name])


class Words:
    """The words of a text: normalize, lowercase, `re.sub` each rule, `re.findall` the token.

    Patterns can be slow on purpose, so they are those that emoray writes, or refused (ValueError).
    """

    framing = 0  # tokens that are of no text

    def __init__(self, settings: Mapping[str, Any]) -> None:
        rules = [settings.get(part) for part in ("normalize", "lowercase", "rules", "token")]
        if (found := sha256(json.dumps(rules).encode())) not in WORD_RULES:
            raise ValueError(
                f"tokenizer.json holds word rules that emoray wrote, got others, SHA-256 "
                f"{found[:12]}…: use the artifact.py of the emoray that wrote them, or build the "
                "artifact again"
            )
        self._form = settings["normalize"]
        self._rules = [
            (re.compile(LINEAR if pattern == QUADRATIC else pattern), instead)
            for pattern, instead in settings["rules"]
        ]
        self._token = re.compile(settings["token"])
        self._longest = settings.get("max_tokens")
        if self._longest is not None and not (type(self._longest) is int and self._longest > 0):
            raise ValueError(
                f"max_tokens of tokenizer.json is a number above 0, got "
                f"{str(self._longest)[:60]!r}: build the artifact again"
            )

        self.known: dict[str, list[str]] = {}

    def forget(self) -> None:
        """Forget what is remembered of words."""
        self.known.clear()

    def _words(self, text: str) -> list[str]:
        for pattern, instead in self._rules:
            text = pattern.sub(instead, text)
        return self._token.findall(text)

    def _remembered(self, stretches: Sequence[str]) -> list[str]:
        """Cut parts of a text, none of which has white space, into words.

        New parts go through the rules together: the rules cost ten times what all the rest does.

        Returns:
            The words of all parts.
        """
        read = {stretch: self.known.get(stretch) for stretch in stretches}
        if new := [stretch for stretch, words in read.items() if words is None]:
            words = iter(self._words(f" {BETWEEN} ".join(new)))
            for stretch in new:
                read[stretch] = list(takewhile(BETWEEN.__ne__, words))
            if len(self.known) >= CACHED_WORDS:
                self.known.clear()
            self.known |= {s: read[s] or [] for s in new if len(s) <= CACHED_LENGTH}
        return [word for stretch in stretches for word in read[stretch] or ()]

    def cut(self, text: str) -> tuple[list[str], bool]:
        """Return the words that are read, and whether the text has more of them."""
        text = normalized(self._form, text).lower()
        if "](" in text or not (text.isascii() or ACROSS.search(text) is None):
            found = self._words(text)
        else:
            found = self._remembered(text.split())
        read = found[: self._longest]
        return read, len(read) < len(found)

    def __call__(self, text: str) -> list[str]:
        """Return the words that are read."""
        return self.cut(text)[0]


def _in_word(sign: str) -> bool:
    r"""Whether `tokenizers` takes a character for a part of a word: \w of Unicode's UTS 18."""
    kind = unicodedata.category(sign)
    letters = "\u24b6" <= sign <= "\u24e9" or "\U0001f130" <= sign <= "\U0001f189"  # encircled
    return kind[0] in "LM" or kind in ("Nd", "Nl", "Pc") or sign in "\u200c\u200d" or letters


class Added:
    """Tokens found in a text before it is cut into words; of two at one place the longer.

    Of equal spellings, (text, token of tokenizer.json), the first counts.
    """

    def __init__(self, spellings: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        self._tokens: dict[str, Mapping[str, Any]] = {}
        for written, token in spellings:
            self._tokens.setdefault(written, token)
        self._tokens.pop("", None)
        longest_first = sorted(self._tokens, key=len, reverse=True)
        self._found = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")

    def split(self, text: str) -> Iterator[tuple[str, str]]:
        """Yield stretches of a text, each with the token after it, the last with none."""
        done, most = 0, len(text)
        for found in self._found.finditer(text):
            token, (start, end) = self._tokens[found[0]], found.span()
            if token["single_word"]:
                if (start and _in_word(text[start - 1])) or (end < most and _in_word(text[end])):
                    continue
            while token["lstrip"] and start > done and text[start - 1] in WHITE:
                start -= 1
            while token["rstrip"] and end < most and text[end] in WHITE:
                end += 1
            yield text[done:start], token["content"]
            done = end
        yield text[done:], ""


def _token(given: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """Check an added token of tokenizer.json; once it was a string that takes the space before."""
    flags = dict.fromkeys(("rstrip", "single_word", "normalized", "apart"), False)
    token = {"content": given, "lstrip": True, **flags} if isinstance(given, str) else given
    if not isinstance(token, Mapping) or not {"content", "lstrip", *flags} <= token.keys():
        raise _wrong(TOKENIZER, "has added tokens with all their flags", given)
    if not isinstance(token["content"], str) or not token["content"]:
        raise _wrong(TOKENIZER, "adds tokens of at least one character", given)
    return token


class Signs(dict[int, str]):
    """A table for `str.translate` that computes `sign` for each character once."""

    def __init__(self, sign: Callable[[str], str]) -> None:
        self._sign = sign

    def __missing__(self, code: int) -> str:
        self[code] = self._sign(chr(code))
        return self[code]


def unpacked(name: str, text: Any) -> bytes:
    """Decompress bytes of JSON: zlib's, as base64."""
    try:
        data = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), MOST_UNPACKED)
    except (TypeError, ValueError, binascii.Error, zlib.error):
        raise _wrong(TOKENIZER, f"has {name} that unpack", text) from None
    return data


def _cluster_shape(sign: str) -> str:
    """Reduce a character to its class in `Charsmap.CLUSTER`."""
    code, kind = ord(sign), unicodedata.category(sign)
    if sign in "\r\n":
        return sign
    if 0xAC00 <= code <= 0xD7A3:  # a syllable without a last consonant, or with one
        return "y" if (code - 0xAC00) % 28 else "w"
    for shape, first, last in HANGUL:
        if first <= code <= last:
            return shape
    if kind in ("Mn", "Me") or (kind == "Mc" and sign not in APART) or sign in JOINED:
        return "x"
    if "\U0001f3fb" <= sign <= "\U0001f3ff" or "\U000e0020" <= sign <= "\U000e007f":
        return "x"
    if sign in BEFORE:
        return "p"
    return "c" if kind in ("Cc", "Cf", "Cs", "Zl", "Zp") else "."


class Charsmap:
    """SentencePiece's character map: what stands for a character, or for a few that are one letter.

    Of a cluster of characters that people see as one (UAX #29) of less than 6 bytes, the shortest
    beginning that the map knows decides; each character of others is looked up alone.
    """

    CLUSTER = re.compile(r"\r\n|[\r\nc]|p*(?:l*(?:wv*|y|v+)t*|l+|t+|\.)?x*")

    def __init__(self, step: Mapping[str, Any]) -> None:
        try:
            parts = unpacked("replacements", step.get("replacements")).decode().split("\0")
        except UnicodeDecodeError:
            raise _wrong(TOKENIZER, "has replacements in UTF-8", step) from None
        self._instead = dict(zip(parts[::2], parts[1::2], strict=False))
        self._alone = Signs(lambda sign: self._instead.get(sign, sign))
        self._shapes = Signs(_cluster_shape)

    def __call__(self, text: str) -> str:
        """Replace what the map knows."""
        if text.isascii() and "\r\n" not in text:
            return text.translate(self._alone)
        shapes = text.translate(self._shapes)
        return "".join(
            self._replaced(text[found.start() : found.end()])
            for found in self.CLUSTER.finditer(shapes)
        )

    def _replaced(self, cluster: str) -> str:
        if 1 < len(cluster) and len(cluster.encode("utf-8", "surrogatepass")) < 6:
            for end in range(1, len(cluster) + 1):
                if (instead := self._instead.get(cluster[:end])) is not None:
                    return instead
        return cluster.translate(self._alone)


def _replacing(step: Mapping[str, Any]) -> Callable[[str], str]:
    pattern, content = step.get("pattern"), step.get("content")
    kind, of = next(iter(pattern.items())) if isinstance(pattern, dict) and pattern else ("", "")
    if not isinstance(content, str) or not isinstance(of, str) or not of:
        raise _wrong(TOKENIZER, "replaces text by text", step)
    if kind == "String":
        return lambda text: text.replace(of, content)
    if kind != "Regex" or of not in REPLACED:
        raise _wrong(TOKENIZER, "replaces patterns known here", pattern)
    compiled = re.compile(REPLACED[of])
    return lambda text: compiled.sub(lambda _: content, text)


def _step(step: Mapping[str, Any]) -> Callable[[str], str]:
    kind = step.get("type") if isinstance(step, Mapping) else None
    match kind:
        case "NFC" | "NFD" | "NFKC" | "NFKD":
            return partial(in_form, kind)
        case "Lowercase":
            lower = Signs(str.lower)
            return lambda text: text.translate(lower)
        case "StripAccents":
            bare = Signs(lambda sign: "" if unicodedata.category(sign)[0] == "M" else sign)
            return lambda text: text.translate(bare)
        case "Strip":
            left, right = (WHITE if step.get(f"strip_{side}") else "" for side in ("left", "right"))
            return lambda text: text.lstrip(left).rstrip(right)
        case "Prepend" if isinstance(step.get("prepend"), str):
            return lambda text: text and f"{step['prepend']}{text}"
        case "Replace":
            return _replacing(step)
        case "Precompiled":
            return Charsmap(step)
    raise _wrong(TOKENIZER, "normalizes by steps known here", step)


def steps_of(settings: Mapping[str, Any]) -> list[Callable[[str], str]]:
    """The steps that normalize a text, in order."""
    steps = settings.get("normalize", [])
    if not isinstance(steps, list):
        raise _wrong(TOKENIZER, "has normalize of its type", steps)
    return [_step(step) for step in steps]


class Pieces:
    """The pieces of a text between prefix and suffix; what is too long loses its end.

    Added tokens are found first as they are written, then, those that are `normalized`, in the
    normalized text. No word is cut into one that stands `apart`.
    """

    def __init__(self, settings: Mapping[str, Any], ids: Mapping[str, int]) -> None:
        frame = {"max_tokens": int, "prefix": list, "suffix": list}
        _fields(settings, frame, {"added": list})
        self._steps = steps_of(settings)
        added = [_token(entry) for entry in settings["added"]]
        apart = {token["content"] for token in added if token["apart"]}
        self._settings = settings
        self._ids = {piece: i for piece, i in ids.items() if piece not in apart}
        self._prefix, self._suffix = settings["prefix"], settings["suffix"]
        self.framing = len(self._prefix) + len(self._suffix)
        self._room = settings["max_tokens"] - self.framing
        if self._room < 1:
            raise _wrong(TOKENIZER, "has room for a piece in max_tokens", settings["max_tokens"])
        self._written = Added((a["content"], a) for a in added if not a["normalized"])
        self._normal = Added((self.normalized(a["content"]), a) for a in added if a["normalized"])
        self.known: dict[str, tuple[str, ...]] = {}

    def normalized(self, text: str) -> str:
        """Normalize a text before its words are cut."""
        for step in self._steps:
            text = step(text)
        return text

    def words(self, text: str, *, first: bool = True) -> Iterable[str]:
        """Cut a normalized text without added tokens into words, which pieces never cross.

        first: whether it begins the whole text.
        """
        raise NotImplementedError

    def pieces(self, word: str) -> tuple[str, ...]:
        """Cut one word into pieces."""
        raise NotImplementedError

    def _all(self, text: str) -> Iterator[str]:
        first = True
        for stretch, written in self._written.split(text):
            for part, normal in self._normal.split(self.normalized(stretch)):
                for word in self.words(part, first=first):
                    yield from self.known.get(word) or self._new(word)
                first = False
                if normal:
                    yield normal
            if written:
                yield written

    def _new(self, word: str) -> tuple[str, ...]:
        found = self.pieces(word)
        if len(word) <= CACHED_LENGTH:
            if len(self.known) >= CACHED_WORDS:
                self.known.clear()
            self.known[word] = found
        return found

    def forget(self) -> None:
        """Clear the cache of words."""
        self.known.clear()

    def cut(self, text: str) -> tuple[list[str], bool]:
        """Return the pieces that are read, framed, and whether the text has more of them."""
        found = list(islice(self._all(text), self._room + 1))
        read = [*self._prefix, *found[: self._room], *self._suffix]
        return read, len(found) > self._room

    def __call__(self, text: str) -> list[str]:
        """Return the pieces that are read, framed."""
        return self.cut(text)[0]


def _is_sign(sign: str) -> bool:
    return sign in SIGNS or unicodedata.category(sign)[0] == "P"


class WordPiece(Pieces):
    """BERT's way: clean, split at white space and signs, then cut off the longest piece in turn.

    By this Python's Unicode; transformers' tokenizers know signs and accents of 2015, so some 500
    characters of rare scripts, added since, may be cut otherwise.
    """

    def __init__(self, settings: Mapping[str, Any], ids: Mapping[str, int]) -> None:
        switches = ("strip_accents", "lowercase", "clean_text", "handle_chinese_chars")
        _fields(settings, {"longest_word": int, "continuing": str, **dict.fromkeys(switches, bool)})
        self._settings = settings
        self._widest = max(map(len, ids), default=0)
        self._longest, self._continuing = settings["longest_word"], settings["continuing"]
        self._strip, self._lower = settings["strip_accents"], settings["lowercase"]
        self._cleaned, self._bare = Signs(self._clean), Signs(self._lowered)
        self._spread = Signs(self._spaced)
        super().__init__(settings, ids)

    def _clean(self, sign: str) -> str:
        if self._settings["clean_text"]:
            if sign in WHITE and (sign in "\t\n\r" or unicodedata.category(sign) != "Cc"):
                return " "
            if sign in "\0\ufffd" or unicodedata.category(sign) in ("Cc", "Cf", "Co", "Cs"):
                return ""
        if self._settings["handle_chinese_chars"]:
            if any(first <= ord(sign) <= last for first, last in CJK):
                return f" {sign} "
        return sign

    def _lowered(self, sign: str) -> str:
        if self._strip and unicodedata.category(sign) == "Mn":
            return ""
        return sign.lower() if self._lower else sign

    def _spaced(self, sign: str) -> str:
        if sign in WHITE:
            return " "
        if _is_sign(sign):
            return f" {sign} "
        return sign

    def normalized(self, text: str) -> str:
        """Clean a text, and strip accents and lowercase it by the settings."""
        text = text.translate(self._cleaned)
        if self._strip:
            text = normalized("NFD", text)
        return text.translate(self._bare)

    def words(self, text: str, *, first: bool = True) -> Iterable[str]:
        """Split at white space and signs."""
        return filter(None, text.translate(self._spread).split(" "))

    def pieces(self, word: str) -> tuple[str, ...]:
        """Cut off the longest piece in turn."""
        found: list[str] = []
        start = 0
        while start < len(word) <= self._longest:
            mark = self._continuing if start else ""
            ends = range(min(len(word), start + self._widest), start, -1)
            end = next((end for end in ends if mark + word[start:end] in self._ids), None)
            if end is None:
                return (UNKNOWN_PIECE,)
            found.append(mark + word[start:end])
            start = end
        return tuple(found) or (UNKNOWN_PIECE,)


def _shape(sign: str) -> str:
    """Reduce a character to its class in `BytePairs.WORD`."""
    if sign in WHITE:
        return " " if sign == " " else "\n"
    kind = unicodedata.category(sign)[0]
    if kind == "L":
        return sign if sign in "stremvld" else "a"
    return "0" if kind == "N" else "'" if sign == "'" else "."


class BytePairs(Pieces):
    """RoBERTa's way: words as bytes, a symbol each, joined pair by pair in the merges' order."""

    WORD = re.compile(r"'(?:s|t|re|ve|m|ll|d)| ?[a-z]+| ?0+| ?[.']+|\s+(?!\S)|\s+")

    def __init__(self, settings: Mapping[str, Any], ids: Mapping[str, int]) -> None:
        super().__init__(settings, ids)
        _fields(settings, {"merges": list, "add_prefix_space": bool})
        merges = [tuple(merge.split(" ")) for merge in settings["merges"]]
        if invalid := [merge for merge in merges if len(merge) != 2 or not all(merge)]:
            raise _wrong(TOKENIZER, "merges two pieces at a time", invalid[0])
        self._order = {pair: i for i, pair in enumerate(merges)}
        shown = {*range(33, 127), *range(161, 173), *range(174, 256)}
        hidden = iter(range(256, 512))
        self._symbols = [chr(byte if byte in shown else next(hidden)) for byte in range(256)]
        self._shapes = Signs(_shape)

    def words(self, text: str, *, first: bool = True) -> Iterable[str]:
        """Split as GPT-2's pattern does."""
        if self._settings["add_prefix_space"] and text and text[0] != " ":
            text = f" {text}"
        shapes = text.translate(self._shapes)
        return (text[found.start() : found.end()] for found in self.WORD.finditer(shapes))

    def pieces(self, word: str) -> tuple[str, ...]:
        """Join pairs in the merges' order.

        The first pair of the order is joined wherever it stands, then the next that is the first:
        the same as a pass over the whole word for each merge, in n log n.

        Returns:
            The pieces.
        """
        found: list[str] = [self._symbols[byte] for byte in word.encode("utf-8", "replace")]
        after = [*range(1, len(found) + 1)]  # the place of the next symbol
        before = [*range(-1, len(found) - 1)]
        order = self._order
        heap = [(order[pair], i) for i, pair in enumerate(pairwise(found)) if pair in order]
        heapq.heapify(heap)
        while heap:
            first = heap[0][0]
            places = []
            while heap and heap[0][0] == first:
                places.append(heapq.heappop(heap)[1])
            for i in places:
                j = after[i]
                if j >= len(found) or order.get((found[i], found[j])) != first:
                    continue  # one of the two was joined with another meanwhile
                found[i] += found[j]
                found[j] = ""  # no symbol, so in no pair
                after[i] = after[j]
                if after[i] < len(found):
                    before[after[i]] = i
                for left, right in ((before[i], i), (i, after[i])):
                    if left >= 0 and right < len(found):
                        pair = found[left], found[right]
                        if pair in order:
                            heapq.heappush(heap, (order[pair], left))
        return tuple(filter(None, found))


class Unigram(Pieces):
    """SentencePiece's way: words are cut where the sum of their pieces' scores is highest.

    The way to each place is the best of those that end there, the first of equal ones, as
    transformers' tokenizers search it (Viterbi 1967).
    """

    PENALTY = 10.0  # of an unknown character, below the lowest score
    WORD = re.compile(f"{SPACE}?[^{SPACE}]+|{SPACE}")
    SCHEMES = ("always", "first", "never")

    def __init__(self, settings: Mapping[str, Any], ids: Mapping[str, int]) -> None:
        super().__init__(settings, ids)
        flags = ("byte_fallback", "split_whitespace", "split_punctuation", "metaspace", "split")
        _fields(
            settings,
            {"scores": str, "unknown": str, "prepend_scheme": str, **dict.fromkeys(flags, bool)},
        )
        for name in ("lowest", "unknown_score"):
            if not _number(settings.get(name)):
                raise _wrong(TOKENIZER, f"has a finite number {name}", settings.get(name))
        if (scheme := settings["prepend_scheme"]) not in self.SCHEMES:
            raise _wrong(TOKENIZER, f"prepends {' or '.join(self.SCHEMES)}", scheme)
        data = unpacked("scores", settings["scores"])
        scores = np.frombuffer(data[: len(data) // 8 * 8], "<f8")
        if scores.size > len(ids) or not np.isfinite(scores).all():
            raise _wrong(TOKENIZER, "has a finite score for each piece", scores.size)
        self._shapes = Signs(lambda sign: "." if _is_sign(sign) else "a")
        self._unknown = settings["unknown"]
        self._scores = dict(zip(ids, scores.tolist(), strict=False))  # pieces apart have none
        self._scores[self._unknown] = float(settings["unknown_score"])
        self._unknown_score = float(settings["lowest"]) - self.PENALTY
        self._widest: dict[str, int] = {}  # piece by its first character
        for piece in self._scores:
            self._widest[piece[:1]] = max(self._widest.get(piece[:1], 0), len(piece))

    def words(self, text: str, *, first: bool = True) -> Iterable[str]:
        """Split at white space and signs, if the settings say so, and before each space."""
        parts = [text] if text else []
        if self._settings["split_whitespace"]:
            parts = re.findall(f"[^{WHITE}]+", text)
        if self._settings["split_punctuation"]:
            parts = [word for part in parts for word in self._signs_apart(part)]
        if not self._settings["metaspace"]:
            return parts
        words: list[str] = []
        for part in parts:
            part = part.replace(" ", SPACE)
            scheme = self._settings["prepend_scheme"]
            if part[0] != SPACE and (scheme == "always" or (scheme == "first" and first)):
                part = f"{SPACE}{part}"
            words += self.WORD.findall(part) if self._settings["split"] else [part]
        return words

    def _signs_apart(self, text: str) -> Iterator[str]:
        shapes = text.translate(self._shapes)
        for found in re.finditer(r"\.|a+", shapes):
            yield text[found.start() : found.end()]

    def pieces(self, word: str) -> tuple[str, ...]:
        """Cut where the sum of the pieces' scores is highest."""
        scores, widest, size = self._scores, self._widest, len(word)
        best: list[float | None] = [0.0, *[None] * size]  # sum of scores up to each place
        starts, known = [0] * (size + 1), [True] * (size + 1)  # of the piece that ends there
        for start, sign in enumerate(word):
            here = best[start] or 0.0
            for end in range(start + 1, min(size, start + widest.get(sign, 0)) + 1):
                score = scores.get(word[start:end])
                if score is None:
                    continue
                summed, before = score + here, best[end]
                if before is None or summed > before:
                    best[end], starts[end], known[end] = summed, start, True
            if sign not in scores:
                summed, before = self._unknown_score + here, best[start + 1]
                if before is None or summed > before:
                    best[start + 1], starts[start + 1], known[start + 1] = summed, start, False
        return tuple(self._named(word, starts, known))

    def _named(self, word: str, starts: Sequence[int], known: Sequence[bool]) -> Iterator[str]:
        """Yield the pieces on the way to the end; unknown ones in a row are one."""
        ends = [len(word)]
        while ends[-1]:
            ends.append(starts[ends[-1]])
        cuts = [
            (word[start:end], known[end] and word[start:end] != self._unknown)
            for start, end in pairwise(reversed(ends))
        ]
        for is_known, run in groupby(cuts, key=lambda cut: cut[1]):
            texts = [text for text, _ in run]
            yield from texts if is_known else self._spelled("".join(texts))

    def _spelled(self, text: str) -> Sequence[str]:
        """The bytes of unknown characters where the settings say so, else the unknown piece."""
        if self._settings["byte_fallback"] and text != self._unknown:
            found = [f"<0x{byte:02X}>" for byte in text.encode("utf-8", "replace")]
            if all(piece in self._ids for piece in found):
                return found
        return (UNKNOWN_PIECE,)


def tokenizer_of(settings: Mapping[str, Any], ids: Mapping[str, int]) -> Words | Pieces:
    """The tokenizer of tokenizer.json; ids of the words in vocabulary.txt."""
    kinds = {"wordpiece": WordPiece, "bpe": BytePairs, "unigram": Unigram}
    if "kind" not in settings:
        return Words(settings)
    if not isinstance(settings["kind"], str) or settings["kind"] not in kinds:
        raise ValueError(
            f"tokenizer.json is of a kind known here, {' or '.join(kinds)}, got "
            f"{_shown(settings['kind'])}: use the artifact.py of the emoray that wrote it"
        )
    return kinds[settings["kind"]](settings, ids)


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """probabilities_NK, float32, calibrated by the temperature; labels of each text, maybe none."""

    probabilities_NK: np.ndarray
    labels: list[list[str]]


class Reading(NamedTuple):
    """A text as a model reads it: its token ids and what was lost.

    Attributes:
        ids: of its tokens; of a row of features the row, float32 (F,).
        truncated: whether its end was cut off at `max_tokens`.
        unknown_share: share of the words or pieces read that have no id of their own; 1 where there
            are none.
    """

    ids: Any
    truncated: bool
    unknown_share: float


class Reader:
    """Texts to token ids, by one vocabulary."""

    reads = "texts"
    width = 0  # features of a row
    column: str | None = None  # that held them as lists

    def __init__(self, vocabulary: bytes, tokenizer: bytes) -> None:
        try:
            text = vocabulary.decode()
        except UnicodeDecodeError as error:
            raise _wrong(VOCABULARY, "is UTF-8", vocabulary[error.start : error.end]) from None
        words = text.removesuffix("\n").split("\n") if text else []
        self._ids = {word: i for i, word in enumerate(words, start=FIRST)}
        if len(self._ids) < len(words):
            twice = next(w for i, w in enumerate(words, start=FIRST) if self._ids[w] != i)
            raise _wrong(VOCABULARY, "has each word once", twice)
        self.highest = max(UNKNOWN, FIRST + len(words) - 1)  # id
        self.tokenize = tokenizer_of(_json(TOKENIZER, tokenizer, dict), self._ids)

    def remembered(self) -> dict[str, Any]:
        """What is remembered of words that were read."""
        return dict(self.tokenize.known)

    def remember(self, known: Mapping[str, Any]) -> None:
        """Remember that alone."""
        self.tokenize.known = dict(known)

    def forget(self) -> None:
        """Clear the cache of words."""
        self.tokenize.forget()

    def checked(self, texts: Iterable[Any], start: int = 0, *, streamed: bool = False) -> list[Any]:
        """The texts as a list; refuse what is none. start: the number of the first."""
        found = _list_of(texts)
        _refuse_others(found, start, streamed=streamed)
        return found

    def parsed(self, line: str) -> Any:
        """What is read of a line of standard input: itself."""
        return line

    def feed(self, text: Any) -> dict[str, np.ndarray]:
        """One text as a session takes it."""
        return {"ids": np.array([self.ids(text)], np.int32)}

    def ids(self, text: Any) -> Any:
        """Token ids of one text; a text without words is one unknown word."""
        return self.read(text).ids

    def read(self, text: Any) -> Reading:
        """Token ids of one text, and what was lost on the way to them."""
        tokens, truncated = self.tokenize.cut(text)
        ids = [self._ids.get(token, UNKNOWN) for token in tokens]
        counted = len(ids) - self.tokenize.framing
        unknown_share = ids.count(UNKNOWN) / counted if counted else 1.0
        return Reading(ids or [UNKNOWN], truncated, unknown_share)


class FeatureReader(Reader):
    """Rows of as many finite numbers as the model has features, in their order.

    Attributes:
        width: F.
        column: that held the rows as lists where the model was trained; None where each feature had
            a column of its own.
        names: of those columns, in order; empty otherwise.
    """

    reads = FEATURES

    def __init__(self, settings: Mapping[str, Any]) -> None:
        width, self.column = settings.get("width"), settings.get("column")
        self.names: list[str] = settings.get("names", [])
        if type(width) is not int or width < 1:
            raise _wrong(TOKENIZER, "has a width of at least 1", width)
        self.width = width
        strings = isinstance(self.names, list) and all(isinstance(n, str) for n in self.names)
        if not strings or len(self.names) not in (0, self.width):
            raise _wrong(TOKENIZER, f"has a name for each of {self.width} features", self.names)

    def remembered(self) -> dict[str, Any]:
        """Nothing of a row."""
        return {}

    def remember(self, known: Mapping[str, Any]) -> None:
        """Remember nothing."""

    def forget(self) -> None:
        """Forget nothing."""

    def checked(self, texts: Iterable[Any], start: int = 0, *, streamed: bool = False) -> list[Any]:
        """The rows, float32 (F,) each; refuse what is no row of F finite numbers."""
        if isinstance(texts, str | bytes | Mapping | Set):
            raise ValueError(
                f"features are rows of {self.width} numbers, got {_a(texts)}: give a list of rows, "
                "or an array [N, F]"
            )
        given: Any = texts.to_numpy() if hasattr(texts, "to_numpy") else texts
        if isinstance(given, np.ndarray) and given.ndim == 2 and given.dtype.kind in "biuf":
            rows_NF = self._float32(given)
            if rows_NF.shape[1] == self.width and np.isfinite(rows_NF).all():
                return list(rows_NF)
        try:
            rows = list(given)
        except TypeError:
            raise ValueError(
                f"features are rows of {self.width} numbers, got {_a(texts)}: give a list of rows"
            ) from None
        return [self.row(row, f"row {i:,} (counted from 0)") for i, row in enumerate(rows, start)]

    @staticmethod
    def _float32(values: np.ndarray) -> np.ndarray:
        with np.errstate(over="ignore"):  # what is beyond it becomes Inf, and is refused
            return values.astype(np.float32)

    def row(self, values: Any, what: str) -> np.ndarray:
        """One row, float32 (F,); `what` it is called where it is refused."""
        try:
            found = np.asarray(values)
        except ValueError:  # lists of unequal lengths
            found = np.zeros(0, object)
        if found.dtype.kind not in "biuf" or found.shape != (self.width,):
            got = f"{found.size} numbers" if found.dtype.kind in "biuf" and found.ndim == 1 else ""
            raise ValueError(
                f"{what} is {self.width} numbers, got {got or _shown(values)}: give the features "
                f"that the model was trained on, in their order{self._listed()}"
            )
        row_F = self._float32(found)
        if not np.isfinite(row_F).all():
            f = int(np.argmin(np.isfinite(row_F)))
            raise ValueError(
                f"{what} has finite numbers, got {found[f]} for {self.named(f)}: fill in what is "
                "missing as it was for training, or leave the row out"
            )
        return row_F

    def named(self, f: int) -> str:
        """How feature f is called in an error."""
        return f"feature {self.names[f]!r}" if self.names else f"feature {f} (counted from 0)"

    def _listed(self) -> str:
        shown = ", ".join(self.names[:6])
        return f" ({shown}{', …' * (len(self.names) > 6)})" if shown else ""

    def parsed(self, line: str) -> Any:
        """The row in a line of standard input: numbers, separated by commas, or a JSON list."""
        text = line.strip()
        try:
            values = json.loads(text if text.startswith("[") else f"[{text}]")
        except (ValueError, RecursionError):
            values = text
        return self.row(values, "a row")

    def feed(self, text: Any) -> dict[str, np.ndarray]:
        """One row as a session takes it."""
        return {FEATURES: self.checked([text])[0][None]}

    def read(self, text: Any) -> Reading:
        """The row: nothing of it is lost."""
        return Reading(text, False, 0.0)


def reader_of(vocabulary: bytes, tokenizer: bytes) -> Reader:
    """The reader of a model's inputs: texts by its vocabulary, or rows of features."""
    settings = _json(TOKENIZER, tokenizer, dict)
    if settings.get("kind") == FEATURES:
        return FeatureReader(settings)
    return Reader(vocabulary, tokenizer)


def first_reader(files: Mapping[str, bytes]) -> Reader:
    """The reader of an artifact's first member."""
    _, (first, *_) = members_of(files)
    return reader_of(files[first["vocabulary"]], files[first["tokenizer"]])


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """Read a number of protobuf's, at most ten bytes, and the position after it."""
    value = 0
    for shift in range(0, 70, 7):
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
    raise ValueError


def _message(data: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    """Yield (field, value) of a protobuf message; ValueError or IndexError where it is none."""
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        field, wire = key >> 3, key & 7
        if wire == 0:
            value, at = _varint(data, at)
            yield field, value
            continue
        if wire == 2:
            length, at = _varint(data, at)
        elif wire in (1, 5):
            length = 8 if wire == 1 else 4
        else:
            raise ValueError
        if length > len(data) - at:
            raise ValueError
        yield field, data[at : at + length]
        at += length


# Where tensors lie in an ONNX model: message -> field -> the message that stands there.
_INSIDE: dict[str, dict[int, str]] = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "graph": {1: "node", 5: "initializer", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
_DIMENSION, _NAME, _EXTERNAL_DATA, _DATA_LOCATION = 1, 8, 13, 14  # of a tensor
_INPUT, _OPERATOR = 1, 4  # of a node


def _messages(model: bytes) -> Iterator[tuple[str, memoryview]]:
    """Yield every message of an ONNX model that may hold a tensor, by kind; refuse other bytes."""
    open_messages = [("model", memoryview(model))]
    try:
        while open_messages:
            kind, data = open_messages.pop()
            inside = _INSIDE.get(kind, {})
            for field, value in _message(data):
                if field in inside and isinstance(value, memoryview):
                    open_messages.append((inside[field], value))
            yield kind, data
    except (IndexError, ValueError):
        raise _wrong(MODEL, "is an ONNX model", model) from None


def refuse_external(model: bytes) -> None:
    """Refuse a model that reads other files: onnxruntime takes tensors from any file it names."""
    if model[4:8] == b"ORTM":
        raise _wrong(MODEL, "is an ONNX model", "onnxruntime's own format")
    for kind, data in _messages(model):
        for field, value in _message(data) if kind in ("tensor", "initializer") else ():
            if field == _EXTERNAL_DATA or (field == _DATA_LOCATION and value != 0):
                raise ValueError(
                    f"{MODEL} of an artifact holds all its tensors, got one in another file: "
                    "do not run it, no emoray wrote it; ask whoever made it for the whole model"
                )


def packed_rows(model: bytes) -> set[int | None]:
    """The rows of every table of 4-bit codes that ids look up.

    There onnxruntime checks no bounds and reads what lies behind.

    Returns:
        Rows; None for another input than `ids`, or no table of a graph.
    """
    rows: dict[bytes, int | None] = {}
    look_ups: list[list[bytes]] = []
    for kind, data in _messages(model):
        fields: dict[int, int | memoryview] = {}
        if kind in ("initializer", "node"):
            for field, value in _message(data):
                fields.setdefault(field, value)
        name, size = fields.get(_NAME), fields.get(_DIMENSION)
        if kind == "initializer" and isinstance(name, memoryview):
            rows[bytes(name)] = size if isinstance(size, int) else None
        if kind == "node" and fields.get(_OPERATOR) == b"GatherBlockQuantized":
            inputs = (value for field, value in _message(data) if field == _INPUT)
            look_ups.append([bytes(value) for value in inputs if isinstance(value, memoryview)])
    return {rows.get(table) if ids == b"ids" else None for table, ids, *_ in look_ups}


def open_session(model: bytes, *, threads: int = 1) -> "onnxruntime.InferenceSession":
    """A CPU session with an explicit thread count, quiet about warnings; reads no other file."""
    refuse_external(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def check_onnxruntime(version: str) -> None:
    """Refuse an onnxruntime that lacks operators of artifacts."""
    found = re.match(r"(\d+)\.(\d+)", version)
    if found and tuple(map(int, found.groups())) < MINIMUM_ONNXRUNTIME:
        least = ".".join(map(str, MINIMUM_ONNXRUNTIME))
        raise ValueError(
            f"an artifact needs onnxruntime {least} or newer, got {version}: "
            f"pip install 'onnxruntime>={least}'"
        )


_IDS, _LOGITS = ("ids", "tensor(int32)", 2), ("logits", "tensor(float)", 2)
_FEATURES = (FEATURES, "tensor(float)", 2)


class Model:
    """A model.onnx, ready to run. highest: the largest id that a text may have."""

    def __init__(self, file: bytes, labels: int, *, threads: int, highest: int = UNKNOWN) -> None:
        self._open(file, labels, threads, _IDS, "int32 ids [N, L]")
        rows, last = packed_rows(file), highest + 1
        misfit = _wrong(VOCABULARY, "has a word for each id of its model", last - FIRST)
        if rows != {last} if rows else not self._knows(highest) and self._knows(UNKNOWN):
            raise misfit
        self._try(np.array([[UNKNOWN, highest]], np.int32))
        if not rows and self._knows(last):
            raise misfit

    def _open(
        self, file: bytes, labels: int, threads: int, reads: tuple[str, str, int], of: str
    ) -> None:
        """Open a session that makes logits of one input; refuse any other."""
        check_onnxruntime(onnxruntime.__version__)
        self._labels, self._input = labels, reads[0]
        try:
            self.session = open_session(file, threads=threads)
        except ValueError:
            raise
        except Exception as error:  # onnxruntime has no class for all of its own
            raise _wrong(MODEL, "is an ONNX model that runs", _first_line(error)) from None
        ends = self.session.get_inputs(), self.session.get_outputs()
        found = [[(end.name, end.type, len(end.shape or ())) for end in side] for side in ends]
        if found != [[reads], [_LOGITS]]:
            raise _wrong(MODEL, f"makes float32 logits [N, K] of {of}", found)

    def _try(self, inputs: np.ndarray) -> None:
        """Refuse a model without a finite logit for each label."""
        logits_NK = self._run(inputs)
        if logits_NK.shape != (1, self._labels):
            of = f"has a logit for each of {self._labels} labels"
            raise _wrong(MODEL, of, logits_NK.shape[-1])
        if not np.isfinite(logits_NK).all():
            raise _wrong(MODEL, "has finite logits", logits_NK[0].tolist())

    def _knows(self, number: int) -> bool:
        """Whether the model has such an id, where onnxruntime checks it."""
        quiet = onnxruntime.RunOptions()
        quiet.log_severity_level = 4  # most ids tried here are errors
        try:
            self.session.run(None, {"ids": np.array([[number]], np.int32)}, quiet)
        except Exception:
            return False
        return True

    def _run(self, inputs: np.ndarray) -> np.ndarray:
        try:
            logits_NK: np.ndarray = self.session.run(None, {self._input: inputs})[0]
        except Exception as error:
            of = "ids of its vocabulary, max_tokens of them"
            rule = f"runs on {of if self._input == 'ids' else 'its features'}"
            raise _wrong(MODEL, rule, _first_line(error)) from None
        return logits_NK

    def logits(self, rows: Sequence[Any]) -> np.ndarray:
        """Return logits_NK, float32, of token ids; batches are texts of like length."""
        if len(rows) == 1:
            return self._run(np.array(rows, np.int32))
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        logits_NK = np.empty((len(rows), self._labels), np.float32)
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            ids_NL = np.zeros((len(batch), len(rows[batch[-1]])), np.int32)
            for n, i in enumerate(batch):
                ids_NL[n, : len(rows[i])] = rows[i]
            logits_NK[batch] = self._run(ids_NL)
        return logits_NK


class FeatureModel(Model):
    """A model.onnx that reads rows of `width` features."""

    def __init__(self, file: bytes, labels: int, *, threads: int, width: int) -> None:
        self._open(file, labels, threads, _FEATURES, "float32 features [N, F]")
        self._try(np.zeros((1, width), np.float32))

    def logits(self, rows: Sequence[Any]) -> np.ndarray:
        """Return logits_NK, float32, of rows of features."""
        parts = [
            self._run(np.stack(rows[start : start + BATCH])) for start in range(0, len(rows), BATCH)
        ]
        return np.concatenate(parts) if parts else np.empty((0, self._labels), np.float32)


def _model_of(reader: Reader, file: bytes, labels: int, threads: int) -> Model:
    """The model that reads what a reader gives it."""
    if isinstance(reader, FeatureReader):
        return FeatureModel(file, labels, threads=threads, width=reader.width)
    return Model(file, labels, threads=threads, highest=reader.highest)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def combined(
    logits: Sequence[np.ndarray], weights: Sequence[float], mean_of: str = LOGITS
) -> np.ndarray:
    """Average the logits_NK of several models to logits_NK, float32; weights sum to 1."""
    if len(logits) == 1:
        return logits[0]
    pairs = [(float(w), z.astype(np.float64)) for w, z in zip(weights, logits, strict=True)]
    if mean_of == LOGITS:
        return np.asarray(sum(w * z_NK for w, z_NK in pairs), np.float32)
    with np.errstate(over="ignore"):
        yes_NK = sum(w / (1 + np.exp(-z_NK)) for w, z_NK in pairs)
        no_NK = sum(w / (1 + np.exp(z_NK)) for w, z_NK in pairs)
    least = np.finfo(np.float64).tiny  # a probability of 0 has no logit
    return np.asarray(
        np.log(np.maximum(yes_NK, least)) - np.log(np.maximum(no_NK, least)), np.float32
    )


def derived_logits(
    logits_NK: np.ndarray, groups: Sequence[Sequence[int]], way: str, temperature: float
) -> np.ndarray:
    """The logit that a group of labels holds, of the logits of its labels.

    noisy_or: that at least one does, were they independent, 1 - prod(1 - p) (Pearl 1988,
    "Probabilistic Reasoning in Intelligent Systems", 4.3.2). max: the most probable one's. sum: of
    the probabilities, as of labels that exclude each other.

    Args:
        logits_NK: of the labels.
        groups: for each of G groups the places of its labels.
        way: how probabilities become one.
        temperature: logits are divided by it before the sigmoid.

    Returns:
        logits_NG, float32.
    """
    scaled_NK = logits_NK.astype(np.float64) / temperature
    if way == MAX:
        parts = [scaled_NK[:, list(group)].max(axis=1) for group in groups]
        return np.stack(parts, axis=1).astype(np.float32)
    least = np.finfo(np.float64).tiny
    found = []
    if way == NOISY_OR:
        denied_NK = np.maximum(np.logaddexp(0, scaled_NK), least)  # -log(1 - p)
        for group in groups:
            sum_N = denied_NK[:, list(group)].sum(axis=1)
            found.append(sum_N + np.log(-np.expm1(-sum_N)))
    else:
        sure_NK = np.exp(-np.logaddexp(0, -scaled_NK))
        for group in groups:
            sum_N = np.clip(sure_NK[:, list(group)].sum(axis=1), least, SURE)
            found.append(np.log(sum_N) - np.log1p(-sum_N))
    return np.stack(found, axis=1).astype(np.float32)


class Derived(NamedTuple):
    """A decision in a coarser taxonomy, whose G labels are groups of the model's own.

    groups: places of the own labels. way, own_temperature: as `derived_logits` has them.
    temperature, cuts: of what comes out.
    """

    labels: tuple[str, ...]
    groups: tuple[tuple[int, ...], ...]
    way: str
    own_temperature: float
    temperature: float
    cuts_G: np.ndarray

    def logits(self, logits_NK: np.ndarray) -> np.ndarray:
        """Return logits_NG, float32, of the model's own."""
        return derived_logits(logits_NK, self.groups, self.way, self.own_temperature)


def members_of(files: Mapping[str, bytes]) -> tuple[str, list[dict[str, Any]]]:
    """Of what an artifact is the mean, and each member: its weight, and the names of its files."""
    if ENSEMBLE not in files:
        alone = {"model": MODEL, "vocabulary": VOCABULARY, "tokenizer": TOKENIZER, "weight": 1.0}
        return LOGITS, [alone]
    settings = _json(ENSEMBLE, files[ENSEMBLE], dict)
    mean_of, members = settings.get("mean_of"), settings.get("members")
    if mean_of not in (LOGITS, PROBABILITIES):
        raise _wrong(ENSEMBLE, f"is a mean of {LOGITS} or {PROBABILITIES}", mean_of)
    if not isinstance(members, list) or not members:
        raise _wrong(ENSEMBLE, "has members", members)
    for member in members:
        names = (
            [member.get(n) for n in ("model", "vocabulary", "tokenizer")]
            if (isinstance(member, dict))
            else [None]
        )
        if not all(isinstance(name, str) and name in files for name in names):
            raise _wrong(ENSEMBLE, "names the files of each member", member)
        if not _number(member.get("weight")) or member["weight"] < 0:
            raise _wrong(ENSEMBLE, "has a weight of at least 0 for each member", member)
    if not abs(sum(member["weight"] for member in members) - 1) < 1e-6:
        raise _wrong(ENSEMBLE, "has weights that sum to 1", [m["weight"] for m in members])
    return mean_of, members


def _labels_of(files: Mapping[str, bytes]) -> tuple[str, ...]:
    labels = _json(LABELS, files[LABELS], list)
    if not labels or not all(isinstance(label, str) for label in labels):
        raise _wrong(LABELS, "has at least one name, all of them strings", labels)
    if twice := [label for i, label in enumerate(labels) if label in set(labels[:i])]:
        raise _wrong(LABELS, "has each name once", twice[0])
    return tuple(labels)


def _temperature(value: Any) -> float:
    if not _number(value) or not 1e-30 <= value <= 1e30:  # float32 divides by it
        raise _wrong(DECISION, "has a finite temperature above 0", value)
    return float(value)


def _decided(decision: Mapping[str, Any], labels: int) -> tuple[float, np.ndarray]:
    """The temperature, and cuts_K, float64."""
    temperature, cuts = _temperature(decision.get("temperature")), decision.get("cuts")
    if not isinstance(cuts, list) or len(cuts) != labels:
        found = len(cuts) if isinstance(cuts, list) else cuts
        raise _wrong(DECISION, f"has one cut for each of {labels} labels", found)
    if invalid := [cut for cut in cuts if not _number(cut)]:
        raise _wrong(DECISION, "has cuts that are finite numbers", invalid[0])
    return temperature, np.array(cuts, np.float64)


def _derived(found: Any, labels: Sequence[str]) -> Derived:
    """One decision under `derived`, on a model with these labels."""
    groups = found.get("groups") if isinstance(found, dict) else None
    if not isinstance(groups, dict) or not groups:
        raise _wrong(DECISION, "has groups of labels for each derived taxonomy", found)
    for group in groups.values():
        known = isinstance(group, list) and group
        if not known or not all(isinstance(label, str) and label in labels for label in group):
            raise _wrong(DECISION, "derives labels from those of its model", group)
    if found.get("way") not in WAYS:
        raise _wrong(DECISION, f"derives labels by {', '.join(WAYS)}", found.get("way"))
    temperature, cuts_G = _decided(found, len(groups))
    return Derived(
        labels=tuple(groups),
        groups=tuple(tuple(map(labels.index, group)) for group in groups.values()),
        way=found["way"],
        own_temperature=_temperature(found.get("own_temperature")),
        temperature=temperature,
        cuts_G=cuts_G,
    )


def derived_of(decision: bytes, labels: Sequence[str]) -> dict[str, Derived]:
    """The decisions of decision.json in coarser taxonomies, by name; none in most artifacts."""
    whole = _json(DECISION, decision, dict)
    found = whole.get(DERIVED, {})
    if not isinstance(found, dict) or (found and whole.get("softmax")):
        raise _wrong(DECISION, "has derived decisions by taxonomy, none beside softmax", found)
    return {name: _derived(each, labels) for name, each in found.items()}


def _list_of(texts: Iterable[str]) -> list[str]:
    """The texts as a list; refuse other values that would silently be read as texts."""
    if type(texts) is list:
        return texts
    if isinstance(texts, str):
        raise ValueError("texts are a list of strings, got one string: put it into a list")
    if isinstance(texts, bytes | Mapping | Set) or getattr(texts, "ndim", 1) != 1:
        raise ValueError(
            f"texts are a list of strings, got {_a(texts)}: give one column, in an order"
        )
    try:
        return list(texts)
    except TypeError:
        raise ValueError(
            f"texts are a list of strings, got {_a(texts)}: put it into a list"
        ) from None


def _refuse_others(texts: Sequence[Any], start: int = 0, *, streamed: bool = False) -> None:
    """Refuse the first of the texts that is no string."""
    for i, text in enumerate(texts, start):
        if not isinstance(text, str):
            of = "" if streamed else f" of {len(texts):,}"
            raise ValueError(
                f"text {i:,}{of} (counted from 0) is a string, got {_shown(text)} "
                f"({type(text).__name__}): leave it out, or give an empty string"
            )


def _a(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def calibrated(logits_NK: np.ndarray, temperature: float, *, softmax: bool = False) -> np.ndarray:
    """Return probabilities_NK, float32, of logits; with softmax they are margins."""
    if softmax:  # it reads differences from the best label alone, whose own is 0
        odds_NK = np.exp(np.minimum(logits_NK, 0) / np.float32(temperature))
        return np.asarray(odds_NK / odds_NK.sum(axis=1, keepdims=True))
    odds_NK = logits_NK / -np.float32(temperature)
    np.exp(np.minimum(odds_NK, 88, out=odds_NK), out=odds_NK)  # beyond, float32 has no exp
    odds_NK += 1
    return np.asarray(np.divide(1, odds_NK, out=odds_NK))


class Prediction(NamedTuple):
    """The prediction for one text: its labels, each label's probability, and how it was read."""

    labels: list[str]
    probabilities: dict[str, float]
    truncated: bool
    unknown_share: float


class Classifier:
    """An artifact, ready to classify: `classifier(["thanks a lot!"]).labels`.

    Texts are any iterable of strings, a column of a table too; where `reads` is "features", rows of
    numbers stand in their place, an array [N, F] or a data frame. It can be pickled and copied.
    members: of an ensemble several, else one; each model with the reader of its texts.
    """

    def __init__(self, files: Mapping[str, bytes], *, threads: int = 1) -> None:
        self._files, self._threads = dict(files), threads
        labels, decision = _labels_of(files), _json(DECISION, files[DECISION], dict)
        self._own, self._native = (labels, *_decided(decision, len(labels))), decision.get(NATIVE)
        self._derived = derived_of(files[DECISION], labels)
        self.softmax = decision.get("softmax", False)
        if not isinstance(self.softmax, bool):
            raise _wrong(DECISION, "has softmax true or false", self.softmax)
        self._decide_in(None)
        self._mean_of, members = members_of(files)
        self._weights = [member["weight"] for member in members]
        readers: dict[tuple[str, str], Reader] = {}
        self.members: list[tuple[Reader, Model]] = []
        for member in members:
            named = member["vocabulary"], member["tokenizer"]
            if named not in readers:
                readers[named] = reader_of(*(files[name] for name in named))
            reader = readers[named]
            model = _model_of(reader, files[member["model"]], len(labels), threads)
            self.members.append((reader, model))
        self._readers = tuple(readers.values())
        self.reads = self._readers[0].reads
        if len({(reader.reads, reader.width) for reader in self._readers}) > 1:
            raise _wrong(ENSEMBLE, "has members that read the same", sorted(map(str, readers)))

    def __getstate__(self) -> dict[str, Any]:
        return {"files": self._files, "threads": self._threads, "taxonomy": self.taxonomy}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        Classifier.__init__(self, state["files"], threads=state["threads"])
        self._decide_in(state.get("taxonomy"))

    def _decide_in(self, taxonomy: str | None) -> None:
        """Decide in a derived taxonomy; None: in the model's own labels."""
        self.taxonomy = taxonomy
        self.labels, self.temperature, self.cuts_K = self._own
        if taxonomy is not None:
            derived = self._derived[taxonomy]
            self.labels, self.cuts_K = derived.labels, derived.cuts_G
            self.temperature = derived.temperature

    @property
    def taxonomies(self) -> tuple[str, ...]:
        """The taxonomies that it decides in: its own where that has a name, and derived ones."""
        own = (self._native,) if isinstance(self._native, str) else ()
        return (*own, *self._derived)

    def in_taxonomy(self, taxonomy: str | None) -> "Classifier":
        """The same model deciding in that taxonomy; None: in its own labels."""
        if taxonomy is not None and taxonomy not in self.taxonomies:
            known = ", ".join(self.taxonomies) or "none but its own labels"
            raise ValueError(
                f"an artifact decides in the taxonomies of its {DECISION} ({known}), got "
                f"{_shown(taxonomy)}: name one of these, or have it fitted (jobs.calibrate "
                "--taxonomy)"
            )
        found = object.__new__(Classifier)  # shares the models
        found.__dict__.update(self.__dict__)
        found._decide_in(taxonomy if taxonomy in self._derived else None)
        return found

    def classify(self, texts: Iterable[str], taxonomy: str | None = None) -> Predictions:
        """Predict each text as a call does, in a taxonomy that the artifact decides in too."""
        decides = self if taxonomy is None else self.in_taxonomy(taxonomy)
        return decides(texts)

    @property
    def classes_(self) -> np.ndarray:
        """The labels, as scikit-learn's classifiers call them."""
        return np.array(self.labels)

    @property
    def width(self) -> int:
        """How many features a row has; 0 where texts are read."""
        return self._readers[0].width

    @property
    def example(self) -> list[Any]:
        """One input that it can read, to see that it runs."""
        return [np.zeros(self.width, np.float32)] if self.width else ["ready?"]

    @property
    def tokenize(self) -> Words | Pieces:
        """The tokenizer of the first member."""
        return self.members[0][0].tokenize

    def ids(self, text: Any) -> Any:
        """Token ids of one text, as the first member reads it; of a row of features the row."""
        return self.members[0][0].ids(text)

    def parsed(self, line: str) -> Any:
        """What is classified of a line of standard input; ValueError for no row of features."""
        return self._readers[0].parsed(line)

    def read(self, texts: Iterable[Any]) -> list[Reading]:
        """Read each text: ids, whether its end was cut off, and its share of unknown words.

        Returns:
            A reading for each text; of members with other vocabularies that which loses most.
        """
        return self._lossiest(self._readings(self._texts(texts)))

    def logits(self, texts: Iterable[Any]) -> np.ndarray:
        """Return logits_NK, float32; batches are texts of like length and do not change results."""
        return self._logits(self._readings(self._texts(texts)))

    def scores(self, texts: Iterable[Any]) -> tuple[np.ndarray, list[Reading]]:
        """Return logits_NK and how each text was read: `logits` and `read` at the price of one."""
        readings = self._readings(self._texts(texts))
        return self._logits(readings), self._lossiest(readings)

    def predict_proba(self, texts: Iterable[Any]) -> np.ndarray:
        """Return probabilities_NK, float32, calibrated by the temperature."""
        return self.probabilities_of(self.logits(texts))

    def predict(self, texts: Iterable[Any]) -> np.ndarray:
        """Return decided_NK of 0 and 1: which labels hold."""
        return (self.logits(texts) >= self.cuts_K).astype(np.int64)

    def top_k(self, texts: Iterable[Any], k: int) -> list[list[tuple[str, float]]]:
        """The k most probable labels of each text with their probabilities, whatever is decided."""
        if isinstance(k, bool) or not isinstance(k, int) or not 1 <= k <= len(self.labels):
            raise ValueError(f"k lies in 1..{len(self.labels)}, the labels, got {_shown(k)}")
        probabilities_NK = self.predict_proba(texts)
        best_NK = np.argsort(-probabilities_NK, axis=1, kind="stable")[:, :k]
        return [
            [(self.labels[i], float(row_K[i])) for i in best_K]
            for row_K, best_K in zip(probabilities_NK, best_NK.tolist(), strict=True)
        ]

    def probabilities(self, texts: Iterable[Any]) -> list[dict[str, float]]:
        """The probability of every label of each text, by name."""
        return self._by_name(self.predict_proba(texts))

    def __call__(self, texts: Iterable[Any]) -> Predictions:
        """Predict each text: calibrated probabilities, and the labels that hold."""
        logits_NK = self.logits(texts)
        return Predictions(self.probabilities_of(logits_NK), self._held(logits_NK))

    def stream(self, texts: Iterable[Any], *, batch: int = STREAM) -> Iterator[Prediction]:
        """Predict each text of an iterator, in order; at most `batch` are held in memory."""
        if isinstance(texts, str | bytes):
            self._texts(texts)
        if batch < 1:
            raise ValueError(f"a batch has at least 1 text, got {batch}: {STREAM} is customary")
        return self._stream(iter(texts), batch)

    def _stream(self, texts: Iterator[Any], batch: int) -> Iterator[Prediction]:
        start = 0
        while some := list(islice(texts, batch)):
            some = self._readers[0].checked(some, start, streamed=True)
            start += len(some)
            readings = self._readings(some)
            logits_NK = self._logits(readings)
            for labels, by_name, read in zip(
                self._held(logits_NK),
                self._by_name(self.probabilities_of(logits_NK)),
                self._lossiest(readings),
                strict=True,
            ):
                yield Prediction(labels, by_name, read.truncated, read.unknown_share)

    def _texts(self, texts: Iterable[Any]) -> list[Any]:
        return self._readers[0].checked(texts)

    def _readings(self, texts: Sequence[Any]) -> list[list[Reading]]:
        """Read the texts by each reader."""
        return [[reader.read(text) for text in texts] for reader in self._readers]

    def _lossiest(self, readings: Sequence[Sequence[Reading]]) -> list[Reading]:
        if len(readings) == 1:
            return list(readings[0])
        return [max(of_text, key=lambda r: r[1:]) for of_text in zip(*readings, strict=True)]

    def _logits(self, readings: Sequence[Sequence[Reading]]) -> np.ndarray:
        rows = {
            reader: [reading.ids for reading in read]
            for reader, read in zip(self._readers, readings, strict=True)
        }
        logits = [model.logits(rows[reader]) for reader, model in self.members]
        logits_NK = combined(logits, self._weights, self._mean_of)
        return self._derived[self.taxonomy].logits(logits_NK) if self.taxonomy else logits_NK

    def probabilities_of(self, logits_NK: np.ndarray) -> np.ndarray:
        """Return probabilities_NK, float32, of logits, calibrated by the temperature."""
        return calibrated(logits_NK, self.temperature, softmax=self.softmax)

    def _held(self, logits_NK: np.ndarray) -> list[list[str]]:
        return [
            list(compress(self.labels, holds_K)) for holds_K in (logits_NK >= self.cuts_K).tolist()
        ]

    def _by_name(self, probabilities_NK: np.ndarray) -> list[dict[str, float]]:
        return [dict(zip(self.labels, row_K, strict=True)) for row_K in probabilities_NK.tolist()]


def load(folder: Path | str, *, threads: int = 1, taxonomy: str | None = None) -> Classifier:
    """Load the artifact in a folder; refuse a damaged one, or one that emoray did not write.

    Args:
        folder: of the artifact.
        threads: of the model.
        taxonomy: one of `Classifier.taxonomies` to decide in; None for the model's own labels.

    Returns:
        The artifact, ready to classify.

    Raises:
        ValueError: a damaged artifact, or one that does not decide in the taxonomy.
    """
    folder = Path(folder)
    files = read(folder)
    try:
        return Classifier(files, threads=threads).in_taxonomy(taxonomy)
    except ValueError as error:
        raise ValueError(f"{error} ({folder})") from None


def _predicted(
    classifier: Classifier, lines: Sequence[bytes], start: int
) -> Iterator[dict[str, Any]]:
    """Yield one object for each line: its prediction, or why there is none."""
    texts: dict[int, Any] = {}
    errors: dict[int, str] = {}
    for i, line in enumerate(lines):
        try:
            text = line.decode("utf-8-sig" if start + i == 1 else "utf-8")
            texts[i] = classifier.parsed(text.removesuffix("\n").removesuffix("\r"))
        except UnicodeDecodeError as error:
            byte = line[error.start]
            errors[i] = f"line {start + i:,} is UTF-8, got the byte 0x{byte:02x}: convert it"
        except ValueError as error:
            errors[i] = f"line {start + i:,}: {error}"
    predictions = classifier.stream(texts.values())
    for i in range(len(lines)):
        yield {"error": errors[i]} if i in errors else next(predictions)._asdict()


def main(arguments: Sequence[str] | None = None) -> int:
    """Classify the lines of standard input; print a line of JSON for each."""
    parser = argparse.ArgumentParser(
        prog="artifact.py",
        description="Classify the lines of standard input, UTF-8, one text a line, or one row of "
        "features: 0.1,0.2 or a JSON list. For each line, an empty one too, a line of JSON: labels "
        "(those that hold), probabilities (of every label), truncated (whether the text's end was "
        'cut off), unknown_share (of its words). A line that is no UTF-8 gets {"error": ...}, and '
        "the exit code is 1 in the end.",
        epilog="example: python artifact.py my-artifact < texts.txt > answers.jsonl",
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="an artifact")
    parser.add_argument("--threads", type=int, default=1, help="of the model (default: 1)")
    parser.add_argument("--taxonomy", help="that it decides in, such as ekman (default: its own)")
    parser.add_argument(
        "--batch", type=int, default=BATCH,
        help=f"lines that are read before they are answered; 1 to answer each at once "
        f"(default: {BATCH})",
    )  # fmt: skip
    options = parser.parse_args(arguments)
    if options.threads < 1 or options.batch < 1:
        parser.error("--threads and --batch are at least 1")
    failed = False
    try:
        classifier = load(options.folder, threads=options.threads, taxonomy=options.taxonomy)
        start = 1
        while lines := list(islice(sys.stdin.buffer, options.batch)):
            for prediction in _predicted(classifier, lines, start):
                failed = failed or "error" in prediction
                sys.stdout.write(json.dumps(prediction) + "\n")
            sys.stdout.flush()
            start += len(lines)
    except (ValueError, OSError) as error:
        if isinstance(error, BrokenPipeError):  # the reader of the predictions is gone
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 141
        sys.stderr.write(f"error: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
