"""The folder a user ships, and how to run it with numpy and onnxruntime alone. Copy it freely.

model.onnx       ids int32 [N, L] → logits float32 [N, K]
vocabulary.txt   one word or piece a line; its id is the line number (from 0) + 2. 0 pads, 1 is
                 unknown
tokenizer.json   how a text becomes words (`Words`) or an encoder's pieces (`WordPiece`,
                 `BytePairs`: the ids that transformers' tokenizers give); max_tokens of them count
labels.json      K names
decision.json    temperature; cuts: label k holds where logit k >= cuts[k]; thresholds: the same as
                 probabilities, sigmoid(cut / temperature), for people to read
manifest.json    SHA-256 of each of these files

An ensemble keeps each model's own files under members/0/, members/1/, … and says in ensemble.json
which files make up which member, what it weighs, and of what the weighted mean is taken: of the
members' logits, or of their probabilities (then the logit of that mean is what is decided on).
Members of one vocabulary share its file.

Files that the manifest does not name are never read. Shapes: N texts, L tokens, K labels.
"""

import hashlib
import json
import os
import re
import shutil
import string
import unicodedata
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

# Before the import, which reads it: else onnxruntime writes a device id and events into the user's
# cache and looks for a host that takes them.
os.environ["ORT_DISABLE_TELEMETRY"] = os.environ.get("ORT_DISABLE_TELEMETRY") or "1"
import onnxruntime

MODEL, VOCABULARY, TOKENIZER = "model.onnx", "vocabulary.txt", "tokenizer.json"
LABELS, DECISION, MANIFEST = "labels.json", "decision.json", "manifest.json"
FILES = (DECISION, LABELS, MODEL, TOKENIZER, VOCABULARY)
ENSEMBLE = "ensemble.json"
SHARED = {DECISION, ENSEMBLE, LABELS}  # of an ensemble; the others are its members'
MEMBER = re.compile(
    "|".join(rf"members/\d+/{re.escape(n)}" for n in (MODEL, TOKENIZER, VOCABULARY))
)
LOGITS, PROBABILITIES = "logits", "probabilities"  # of what an ensemble is the mean
UNKNOWN, FIRST = 1, 2
BATCH = 64

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
UNKNOWN_PIECE = "[UNK]"  # no piece of a vocabulary.txt, so its id is UNKNOWN
CACHED_WORDS = 1 << 16


def sha256(data: bytes) -> str:
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
    """Write the files and their manifest as one new folder: all of it or nothing."""
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
        try:
            files[name] = (folder / name).read_bytes()
        except FileNotFoundError:
            raise _damaged(folder, f"{name} is missing") from None
        if (found := sha256(files[name])) != listed[name]:
            raise _damaged(folder, f"{name} has SHA-256 {found[:12]}…, not {listed[name][:12]}…")
    return files


def read(folder: Path) -> dict[str, bytes]:
    """The files of an artifact, each checked against the manifest.

    Where the decision changed between two of these reads, all are read again.
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
    if not isinstance(listed, dict) or not complete(listed):
        raise _damaged(
            folder, f"{MANIFEST} does not list exactly {', '.join(FILES)}, nor those of an ensemble"
        )
    return listed


def _few_marks(found: re.Match[str]) -> str:
    kept, marks = [], 0
    for sign in found[0]:
        marks = marks + 1 if unicodedata.combining(sign) else 0
        if marks <= MOST_MARKS:
            kept.append(sign)
    return "".join(kept)


def normalized(form: Any, text: str) -> str:
    """`unicodedata.normalize`, which takes quadratic time to sort the marks on one letter, of no
    more marks than letters have (UAX #15 D3)."""
    return unicodedata.normalize(form, text if text.isascii() else MANY_SIGNS.sub(_few_marks, text))


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

    def cut(self, text: str) -> tuple[list[str], bool]:
        """The words that are read, and whether the text has more of them."""
        text = normalized(self._form, text).lower()
        for pattern, instead in self._rules:
            text = pattern.sub(instead, text)
        found = self._token.findall(text)
        read = found[: self._longest]
        return read, len(read) < len(found)

    def __call__(self, text: str) -> list[str]:
        return self.cut(text)[0]


def _in_word(sign: str) -> bool:
    """Whether `tokenizers` takes a character for a part of a word: \\w of Unicode's UTS 18."""
    kind = unicodedata.category(sign)
    letters = "\u24b6" <= sign <= "\u24e9" or "\U0001f130" <= sign <= "\U0001f189"  # encircled
    return kind[0] in "LM" or kind in ("Nd", "Nl", "Pc") or sign in "\u200c\u200d" or letters


class Added:
    """Tokens found in a text before it is cut into words; of two at one place the longer.

    spellings: (how it is written in the text, the token as tokenizer.json has it); of equal ones
    the first counts.
    """

    def __init__(self, spellings: Iterable[tuple[str, Mapping[str, Any]]]) -> None:
        self._tokens: dict[str, Mapping[str, Any]] = {}
        for written, token in spellings:
            self._tokens.setdefault(written, token)
        self._tokens.pop("", None)
        longest_first = sorted(self._tokens, key=len, reverse=True)
        self._found = re.compile("|".join(map(re.escape, longest_first)) or "(?!)")

    def split(self, text: str) -> Iterator[tuple[str, str]]:
        """Stretches of a text, each with the token after it, the last with none."""
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


def _token(said: str | Mapping[str, Any]) -> Mapping[str, Any]:
    """An added token of tokenizer.json; earlier ones were a string that took the space before."""
    flags = dict.fromkeys(("rstrip", "single_word", "normalized", "apart"), False)
    return {"content": said, "lstrip": True, **flags} if isinstance(said, str) else said


class Pieces:
    """The pieces of a text between prefix and suffix; what is too long loses its end.

    Added tokens are found first as they are written, then, those that are `normalized`, in what
    the text became. No word is cut into one that stands `apart`.
    """

    def __init__(self, settings: Mapping[str, Any], ids: Mapping[str, int]) -> None:
        added = [_token(said) for said in settings["added"]]
        apart = {token["content"] for token in added if token["apart"]}
        self._settings = settings
        self._ids = {piece: i for piece, i in ids.items() if piece not in apart}
        self._prefix, self._suffix = settings["prefix"], settings["suffix"]
        self.framing = len(self._prefix) + len(self._suffix)
        self._room = settings["max_tokens"] - self.framing
        self._written = Added((a["content"], a) for a in added if not a["normalized"])
        self._normal = Added((self.normalized(a["content"]), a) for a in added if a["normalized"])
        self._pieces = lru_cache(CACHED_WORDS)(self.pieces)

    def normalized(self, text: str) -> str:
        """A text as its words are looked for."""
        return text

    def words(self, text: str) -> Iterable[str]:
        """A normalized text without added tokens, cut into what pieces never cross."""
        raise NotImplementedError

    def pieces(self, word: str) -> tuple[str, ...]:
        """The pieces of one word."""
        raise NotImplementedError

    def _all(self, text: str) -> Iterator[str]:
        for stretch, written in self._written.split(text):
            for part, normal in self._normal.split(self.normalized(stretch)):
                for word in self.words(part):
                    yield from self._pieces(word)
                if normal:
                    yield normal
            if written:
                yield written

    def cut(self, text: str) -> tuple[list[str], bool]:
        """The pieces that are read, framed, and whether the text has more of them."""
        found = list(islice(self._all(text), self._room + 1))
        read = [*self._prefix, *found[: self._room], *self._suffix]
        return read, len(found) > self._room

    def __call__(self, text: str) -> list[str]:
        return self.cut(text)[0]


class Signs(dict[int, str]):
    """A table for `str.translate` that asks `sign` for each character once."""

    def __init__(self, sign: Callable[[str], str]) -> None:
        self._sign = sign

    def __missing__(self, code: int) -> str:
        self[code] = self._sign(chr(code))
        return self[code]


class WordPiece(Pieces):
    """BERT's way: clean, split at white space and signs, then cut off the longest piece in turn.

    By this Python's Unicode; transformers' tokenizers know signs and accents of 2015, so some 500
    characters of rare scripts, added since, may be cut otherwise.
    """

    def __init__(self, settings: Mapping[str, Any], ids: Mapping[str, int]) -> None:
        self._settings = settings
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
        if sign in SIGNS or unicodedata.category(sign)[0] == "P":
            return f" {sign} "
        return sign

    def normalized(self, text: str) -> str:
        text = text.translate(self._cleaned)
        if self._strip:
            text = normalized("NFD", text)
        return text.translate(self._bare)

    def words(self, text: str) -> Iterable[str]:
        return filter(None, text.translate(self._spread).split(" "))

    def pieces(self, word: str) -> tuple[str, ...]:
        found: list[str] = []
        start = 0
        while start < len(word) <= self._longest:
            mark = self._continuing if start else ""
            ends = range(len(word), start, -1)
            end = next((end for end in ends if mark + word[start:end] in self._ids), None)
            if end is None:
                return (UNKNOWN_PIECE,)
            found.append(mark + word[start:end])
            start = end
        return tuple(found) or (UNKNOWN_PIECE,)


def _shape(sign: str) -> str:
    """What `BytePairs.WORD` needs to know of a character."""
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
        merges = (tuple(merge.split(" ")) for merge in settings["merges"])
        self._order = {pair: i for i, pair in enumerate(merges)}
        shown = {*range(33, 127), *range(161, 173), *range(174, 256)}
        hidden = iter(range(256, 512))
        self._symbols = [chr(byte if byte in shown else next(hidden)) for byte in range(256)]
        self._shapes = Signs(_shape)

    def words(self, text: str) -> Iterable[str]:
        if self._settings["add_prefix_space"] and text and text[0] != " ":
            text = f" {text}"
        shapes = text.translate(self._shapes)
        return (text[found.start() : found.end()] for found in self.WORD.finditer(shapes))

    def pieces(self, word: str) -> tuple[str, ...]:
        found = [self._symbols[byte] for byte in word.encode("utf-8", "replace")]
        last = len(self._order)
        while len(found) > 1:
            best = min(pairwise(found), key=lambda pair: self._order.get(pair, last))
            if best not in self._order:
                break
            joined, i = [], 0
            while i < len(found):
                both = tuple(found[i : i + 2]) == best
                joined.append("".join(best) if both else found[i])
                i += 1 + both
            found = joined
        return tuple(found)


def tokenizer_of(settings: Mapping[str, Any], ids: Mapping[str, int]) -> Words | Pieces:
    """What tokenizer.json asks for; ids of the words in vocabulary.txt."""
    kinds = {"wordpiece": WordPiece, "bpe": BytePairs}
    if "kind" not in settings:
        return Words(settings)
    if settings["kind"] not in kinds:
        raise ValueError(
            f"tokenizer.json is of a kind known here, {' or '.join(kinds)}, got "
            f"{settings['kind']!r}: use the artifact.py of the emoray that wrote it"
        )
    return kinds[settings["kind"]](settings, ids)


@dataclass(frozen=True, slots=True, eq=False)
class Predictions:
    """probabilities_NK float32, calibrated by the temperature; labels: of each text, maybe none."""

    probabilities_NK: np.ndarray
    labels: list[list[str]]


class Reading(NamedTuple):
    """A text as a model sees it: its token ids, whether its end was cut off at `max_tokens`, and
    which share of the words or pieces that are read has no id of its own (1 where there are none).
    """

    ids: list[int]
    truncated: bool
    unknown_share: float


class Reader:
    """Texts to token ids, by one vocabulary."""

    def __init__(self, vocabulary: bytes, tokenizer: bytes) -> None:
        text = vocabulary.decode()
        words = text.removesuffix("\n").split("\n") if text else []
        self._ids = {word: i for i, word in enumerate(words, start=FIRST)}
        self.tokenize = tokenizer_of(json.loads(tokenizer), self._ids)

    def ids(self, text: str) -> list[int]:
        """Token ids of one text; a text without words is one unknown word."""
        return self.read(text).ids

    def read(self, text: str) -> Reading:
        """Token ids of one text, and what was lost on the way to them."""
        tokens, truncated = self.tokenize.cut(text)
        ids = [self._ids.get(token, UNKNOWN) for token in tokens]
        counted = len(ids) - self.tokenize.framing
        unknown_share = ids.count(UNKNOWN) / counted if counted else 1.0
        return Reading(ids or [UNKNOWN], truncated, unknown_share)


class Model:
    """A model.onnx, ready to run."""

    def __init__(self, file: bytes, labels: int, *, threads: int) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._labels = labels
        self._session = onnxruntime.InferenceSession(
            file, options, providers=["CPUExecutionProvider"]
        )

    def logits(self, rows: Sequence[Sequence[int]]) -> np.ndarray:
        """logits_NK float32 of token ids. Batches are texts of like length."""
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        logits_NK = np.empty((len(rows), self._labels), np.float32)
        for start in range(0, len(order), BATCH):
            batch = order[start : start + BATCH]
            ids_NL = np.zeros((len(batch), len(rows[batch[-1]])), np.int32)
            for n, i in enumerate(batch):
                ids_NL[n, : len(rows[i])] = rows[i]
            logits_NK[batch] = self._session.run(None, {"ids": ids_NL})[0]
        return logits_NK


def combined(
    logits: Sequence[np.ndarray], weights: Sequence[float], mean_of: str = LOGITS
) -> np.ndarray:
    """logits_NK float32 that several models, a logits_NK each, say as one. Weights sum to 1."""
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


def members_of(files: Mapping[str, bytes]) -> tuple[str, list[dict[str, Any]]]:
    """Of what an artifact is the mean, and each member: its weight, and the names of its files."""
    if ENSEMBLE in files:
        said = json.loads(files[ENSEMBLE])
        return said["mean_of"], said["members"]
    alone = {"model": MODEL, "vocabulary": VOCABULARY, "tokenizer": TOKENIZER, "weight": 1.0}
    return LOGITS, [alone]


class Classifier:
    """An artifact, ready to classify: `classifier(["thanks a lot!"]).labels`.

    members: of an ensemble several, else one; each model with the reader of its texts.
    """

    def __init__(self, files: Mapping[str, bytes], *, threads: int = 1) -> None:
        self.labels: tuple[str, ...] = tuple(json.loads(files[LABELS]))
        decision = json.loads(files[DECISION])
        self.temperature = float(decision["temperature"])
        self.cuts_K = np.array(decision["cuts"], np.float64)
        self._mean_of, told = members_of(files)
        self._weights = [member["weight"] for member in told]
        readers: dict[tuple[str, str], Reader] = {}
        self.members: list[tuple[Reader, Model]] = []
        for member in told:
            named = member["vocabulary"], member["tokenizer"]
            if named not in readers:
                readers[named] = Reader(*(files[name] for name in named))
            model = Model(files[member["model"]], len(self.labels), threads=threads)
            self.members.append((readers[named], model))

    @property
    def tokenize(self) -> Words | Pieces:
        """How the first member cuts a text."""
        return self.members[0][0].tokenize

    def ids(self, text: str) -> list[int]:
        """Token ids of one text, as the first member reads it."""
        return self.members[0][0].ids(text)

    def logits(self, texts: Iterable[str]) -> np.ndarray:
        """logits_NK float32. Batches are texts of like length; results do not depend on them."""
        texts = list(texts)
        rows = {reader: [reader.ids(text) for text in texts] for reader, _ in self.members}
        said = [model.logits(rows[reader]) for reader, model in self.members]
        return combined(said, self._weights, self._mean_of)

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
