"""An encoder's tokenizer as data: rules, pieces in id order, and the pieces that frame every text.

Ids are the family's own: 0 pads, 1 is unknown, and `pieces[i]` has id i + 2. Training encodes
through the `tokenizers` library; an artifact carries `settings_json()` and the pieces, and gives
the same ids with the standard library alone.

Shapes: V ids, R rows of the encoder's own embedding, D width.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from emoray.text.normal_steps import served_settings
from emoray.text.subword_rules import PADDING, RULES, UNKNOWN, Rules
from emoray.text.vocabulary import FIRST, Ragged

if TYPE_CHECKING:
    from tokenizers import AddedToken, Tokenizer

UNKNOWN_ID = 1
PIECES, SETTINGS, ROWS = "vocabulary.txt", "tokenizer.json", "rows.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedPiece:
    """A token found in a text before it is cut into words, as the `tokenizers` library finds it.

    Attributes:
        content: of the token.
        lstrip: whether it takes the white space before it.
        rstrip: whether it takes the white space after it.
        single_word: whether it is not found next to a letter or digit.
        normalized: whether it is looked for in normalized text, itself normalized too.
        apart: whether it is no piece of the encoder's vocabulary, so no word is ever cut into it.
    """

    content: str
    lstrip: bool = False
    rstrip: bool = False
    single_word: bool = False
    normalized: bool = False
    apart: bool = False

    def of_library(self, *, special: bool = False) -> "AddedToken":
        """The same as the library's value."""
        from tokenizers import AddedToken

        flags = {name: value for name, value in asdict(self).items() if name != "apart"}
        return AddedToken(**flags, special=special)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PieceTokenizer:
    """Text to ids. `prefix` and `suffix` frame every text and count as its tokens.

    Attributes:
        rules: how words are cut.
        pieces: in id order.
        prefix: pieces before every text.
        suffix: pieces after every text.
        added: special tokens among them; of two that match the longer one, else the first.
        max_tokens: of a text, framing included.
        unknown: name of id 1, where a text may contain it.
        rows: of every id, the rows of the encoder's embedding whose mean it starts from; empty
            where the encoder is not known.
    """

    rules: Rules
    pieces: tuple[str, ...]
    prefix: tuple[str, ...]
    suffix: tuple[str, ...]
    added: tuple[AddedPiece, ...]
    max_tokens: int
    unknown: str = ""
    rows: tuple[tuple[int, ...], ...] = ()
    _ids: dict[str, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        ids = {piece: i for i, piece in enumerate(self.pieces, start=FIRST)}
        if len(ids) != len(self.pieces) or any(not piece or "\n" in piece for piece in ids):
            raise ValueError(
                f"{len(self.pieces)} pieces must differ and be of one line each, got "
                f"{len(ids)} different ones: give the pieces of one tokenizer"
            )
        framing = len(self.prefix) + len(self.suffix)
        if self.max_tokens <= framing:
            raise ValueError(
                f"max_tokens must leave room for a text between {framing} framing pieces, got "
                f"{self.max_tokens}: allow more"
            )
        named = [*self.prefix, *self.suffix, *(a.content for a in self.added)]
        absent = [piece for piece in named if piece not in ids and piece != self.unknown]
        if absent:
            raise ValueError(
                f"framing and added pieces have ids of their own, got none for {absent}: keep them"
            )
        last = tuple(a.content for a in self.added if a.apart and a.content != self.unknown)
        if self.pieces[len(self.pieces) - len(last) :] != last:
            raise ValueError(f"pieces apart stand last, got {self.pieces[-2:]}: move them")
        if self.rows and len(self.rows) != len(self):
            raise ValueError(f"every id has its rows, got {len(self.rows)} of {len(self)}")
        object.__setattr__(self, "_ids", ids)

    def __len__(self) -> int:
        """Number of ids, padding and unknown included: the rows of an embedding table."""
        return len(self.pieces) + FIRST

    def id_of(self, piece: str) -> int:
        """The id of a piece or of the name of unknown."""
        return self._ids.get(piece, UNKNOWN_ID) if piece == self.unknown else self._ids[piece]

    def __contains__(self, piece: str) -> bool:
        return piece in self._ids

    def library(self) -> "Tokenizer":
        """The same in the `tokenizers` library, without framing and length.

        A text's own name of unknown has an id beyond the others there, see `encode_all`.

        Returns:
            A tokenizer of the library.
        """
        apart = {added.content for added in self.added if added.apart}
        ids = {piece: i for piece, i in self._ids.items() if piece not in apart}
        library = self.rules.without_pieces({PADDING: 0, UNKNOWN: UNKNOWN_ID} | ids)
        # Those apart get the next ids in this order, unknown one beyond.
        in_order = sorted(self.added, key=lambda added: self._ids.get(added.content, len(self)))
        library.add_tokens([added.of_library() for added in in_order])
        return library

    def encode_all(self, texts: Iterable[str]) -> Ragged:
        """Ids of many texts, framed, none longer than max_tokens."""
        library = self.library()
        first, last = ([self.id_of(p) for p in ends] for ends in (self.prefix, self.suffix))
        room = self.max_tokens - len(first) - len(last)
        most = len(self)

        def ids(text: str) -> list[int]:
            found = library.encode(text, add_special_tokens=False).ids[:room]
            return first + [i if i < most else UNKNOWN_ID for i in found] + last

        return Ragged.from_lists(map(ids, texts))

    def lengths(self, texts: Iterable[str]) -> np.ndarray:
        """Tokens of each text, framed and not cut, (N,)."""
        library, framing = self.library(), len(self.prefix) + len(self.suffix)
        found = (library.encode(text, add_special_tokens=False).ids for text in texts)
        return np.array([len(ids) + framing for ids in found], np.int64)

    def truncated_share(self, texts: Sequence[str]) -> float:
        """Share of the texts that are longer than max_tokens."""
        return float((self.lengths(texts) > self.max_tokens).mean()) if len(texts) else 0.0

    def pruned(self, kept: np.ndarray) -> "PieceTokenizer":
        """The tokenizer with the pieces of these ids only, renumbered; see `keep_pieces`."""
        ids = np.unique(kept).tolist()
        if ids[:FIRST] != list(range(FIRST)) or ids[-1] >= len(self):
            raise ValueError(
                f"kept ids lie in 0..{len(self) - 1}, padding and unknown among them, got "
                f"{ids[:FIRST]}…{ids[-1:]}: use keep_pieces"
            )
        pieces = tuple(self.pieces[i - FIRST] for i in ids[FIRST:])
        return replace(
            self,
            pieces=pieces,
            rules=self.rules.restricted(frozenset(pieces)),
            rows=tuple(self.rows[i] for i in ids) if self.rows else (),
        )

    @property
    def original_ids(self) -> np.ndarray:
        """Row of the encoder's embedding of each id, (V,); -1 where `rows` names several."""
        return np.array([row[0] if len(row) == 1 else -1 for row in self.rows], dtype=np.int64)

    def start_rows(self, original_RD: np.ndarray) -> np.ndarray:
        """Return embedding_VD, float32: the encoder's rows in the order of these ids."""
        if not self.rows:
            raise ValueError(
                "start_rows needs the encoder that the pieces are of, got pieces of an artifact: "
                "read them from the encoder's folder"
            )
        if (last := max(max(row) for row in self.rows)) >= len(original_RD):
            names = ("padding", self.unknown, *self.pieces)
            name = next(n for n, row in zip(names, self.rows, strict=True) if last in row)
            raise ValueError(
                f"pieces lie in the embedding's {len(original_RD)} rows, got row {last} for "
                f"{name[:60]!r}: take tokenizer and weights from one model, or give the model a "
                "row with model.resize_token_embeddings(len(tokenizer)) and save it again"
            )
        embedding_VD = original_RD[[row[0] for row in self.rows]].astype(np.float32)
        for i, row in enumerate(self.rows):
            if len(row) > 1:
                embedding_VD[i] = original_RD[list(row)].astype(np.float32).mean(axis=0)
        return embedding_VD

    def settings_json(self) -> dict[str, object]:
        """The content of an artifact's `tokenizer.json`."""
        return served_settings(self._settings())

    def _settings(self) -> dict[str, object]:
        return {
            "kind": self.rules.kind,
            **self.rules.settings(self.pieces),
            "prefix": list(self.prefix),
            "suffix": list(self.suffix),
            "added": [asdict(added) for added in self.added],
            "unknown": self.unknown,
            "max_tokens": self.max_tokens,
        }

    def vocabulary(self) -> str:
        """One piece a line, as in an artifact's `vocabulary.txt`: id = line number + 2."""
        return "".join(f"{piece}\n" for piece in self.pieces)

    @classmethod
    def from_json(
        cls, settings: Mapping[str, Any], vocabulary: str, rows: Iterable[Iterable[int]] = ()
    ) -> "PieceTokenizer":
        """Read the settings that `write` left, and what `vocabulary` returned."""
        if settings.get("kind") not in RULES:
            raise ValueError(
                f"a piece tokenizer's kind is {' or '.join(RULES)}, got {settings.get('kind')!r}: "
                "this tokenizer.json is of another family"
            )
        pieces = tuple(vocabulary.removesuffix("\n").split("\n"))
        return cls(
            rules=RULES[settings["kind"]].from_settings(settings, pieces),
            pieces=pieces,
            prefix=tuple(settings["prefix"]),
            suffix=tuple(settings["suffix"]),
            added=tuple(
                # A bare string is of an emoray whose added tokens were all of one kind.
                AddedPiece(content=a, lstrip=True) if isinstance(a, str) else AddedPiece(**a)
                for a in settings["added"]
            ),
            unknown=settings.get("unknown", ""),
            max_tokens=settings["max_tokens"],
            rows=tuple(tuple(row) for row in rows),
        )

    def write(self, folder: Path) -> None:
        """Write pieces, settings and rows into an existing folder."""
        (folder / PIECES).write_text(self.vocabulary(), "utf-8", newline="\n")
        (folder / SETTINGS).write_text(json.dumps(self._settings()), "utf-8")
        (folder / ROWS).write_text(json.dumps(self.rows), "utf-8")

    @classmethod
    def read(cls, folder: Path) -> "PieceTokenizer":
        """Read what `write` wrote."""
        return cls.from_json(
            json.loads((folder / SETTINGS).read_text("utf-8")),
            (folder / PIECES).read_bytes().decode(),  # read_text would turn \r into \n
            json.loads((folder / ROWS).read_text("utf-8")),
        )
