"""How words of a text are cut into pieces: the rules of each kind of encoder's tokenizer."""

import base64
import zlib
from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from emoray.text.normal_steps import Step, library_normalizer, packed

if TYPE_CHECKING:
    from tokenizers import Tokenizer

# Names of ids 0 and 1 inside the library: with a newline, so that no piece can be called so.
PADDING, UNKNOWN = "\npadding", "\nunknown"
UNMATCHED = " "  # in no text of a Unigram tokenizer, where spaces have become signs
SPACE = "▁"


@dataclass(frozen=True, slots=True, kw_only=True)
class WordPieceRules:
    """BERT's: words split at white space and signs, each cut greedily into its longest pieces.

    Attributes:
        clean_text: as in the library, and the next three too.
        handle_chinese_chars: see there.
        strip_accents: see there.
        lowercase: see there.
        continuing: prefix of a piece inside a word.
        longest_word: in characters; longer ones are unknown.
    """

    kind: ClassVar[str] = "wordpiece"

    clean_text: bool = True
    handle_chinese_chars: bool = True
    strip_accents: bool = True
    lowercase: bool = True
    continuing: str = "##"
    longest_word: int = 100

    def restricted(self, pieces: Set[str]) -> "WordPieceRules":
        """The rules when only these pieces are left: unchanged, words fall to shorter pieces."""
        return self

    def without_pieces(self, ids: Mapping[str, int]) -> "Tokenizer":
        """The library's tokenizer under these rules, without added tokens."""
        from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

        tokenizer = Tokenizer(
            models.WordPiece(
                dict(ids),
                unk_token=UNKNOWN,
                max_input_chars_per_word=self.longest_word,
                continuing_subword_prefix=self.continuing,
            )
        )
        tokenizer.normalizer = normalizers.BertNormalizer(
            clean_text=self.clean_text,
            handle_chinese_chars=self.handle_chinese_chars,
            strip_accents=self.strip_accents,
            lowercase=self.lowercase,
        )
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
        return tokenizer

    def settings(self, pieces: Sequence[str]) -> dict[str, Any]:
        """The rules for JSON."""
        return asdict(self)

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], pieces: Sequence[str]) -> "WordPieceRules":
        """Read what `settings` returned."""
        return cls(**{name: settings[name] for name in cls.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class BytePairRules:
    """RoBERTa's: words as bytes, one symbol each, joined pair by pair in the order of `merges`.

    Attributes:
        merges: pairs, the first of the order joined first.
        add_prefix_space: whether a text begins with a space.
        normalize: steps before words are cut, as ModernBERT's NFC.
    """

    kind: ClassVar[str] = "bpe"

    merges: tuple[tuple[str, str], ...]
    add_prefix_space: bool = False
    normalize: tuple[Step, ...] = ()

    def restricted(self, pieces: Set[str]) -> "BytePairRules":
        """The rules when only these pieces are left: without the merges that need others."""
        left = tuple((a, b) for a, b in self.merges if {a, b, a + b} <= pieces)
        return replace(self, merges=left)

    def without_pieces(self, ids: Mapping[str, int]) -> "Tokenizer":
        """The library's tokenizer under these rules, without added tokens."""
        from tokenizers import Tokenizer, models, pre_tokenizers

        tokenizer = Tokenizer(models.BPE(dict(ids), list(self.merges)))
        normalizer = library_normalizer(self.normalize)
        if normalizer is not None:
            tokenizer.normalizer = normalizer
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=self.add_prefix_space)
        return tokenizer

    def settings(self, pieces: Sequence[str]) -> dict[str, Any]:
        """The rules for JSON."""
        said: dict[str, Any] = {
            "merges": [f"{a} {b}" for a, b in self.merges],
            "add_prefix_space": self.add_prefix_space,
        }
        return said | ({"normalize": list(self.normalize)} if self.normalize else {})

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], pieces: Sequence[str]) -> "BytePairRules":
        """Read what `settings` returned."""
        return cls(
            merges=tuple((a, b) for a, b in (pair.split(" ") for pair in settings["merges"])),
            add_prefix_space=settings["add_prefix_space"],
            normalize=tuple(settings.get("normalize", ())),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UnigramRules:
    """SentencePiece's: words are cut where the sum of their pieces' scores is highest (Kudo 2018).

    Where a piece is gone, words are cut otherwise only if they were cut into it: what is left of
    their ways has the scores it had, and `lowest` that of an unknown character.

    Attributes:
        scores: of each piece, its log probability.
        unknown: name of the unknown piece.
        unknown_score: of the text that says this name.
        lowest: score of any piece of the whole encoder; an unknown character has 10 less.
        byte_fallback: whether unknown characters are read byte by byte.
        normalize: steps before words are cut.
        split_whitespace: whether white space splits words.
        split_punctuation: whether each sign is a word.
        metaspace: whether spaces become a sign, which begins a word.
        prepend_scheme: which parts of a text get that sign in front: always, first or never.
        split: whether words begin at that sign.
    """

    kind: ClassVar[str] = "unigram"

    scores: Mapping[str, float]
    unknown: str
    unknown_score: float
    lowest: float
    byte_fallback: bool = False
    normalize: tuple[Step, ...] = ()
    split_whitespace: bool = True
    split_punctuation: bool = False
    metaspace: bool = True
    prepend_scheme: str = "always"
    split: bool = True

    def restricted(self, pieces: Set[str]) -> "UnigramRules":
        """The rules when only these pieces are left."""
        return replace(self, scores={p: s for p, s in self.scores.items() if p in pieces})

    def without_pieces(self, ids: Mapping[str, int]) -> "Tokenizer":
        """The library's tokenizer under these rules, without added tokens."""
        from tokenizers import Tokenizer, models, pre_tokenizers

        names = {PADDING: UNMATCHED, UNKNOWN: self.unknown}
        scores = {**self.scores, self.unknown: self.unknown_score}
        pieces = [names.get(piece, piece) for piece in sorted(ids, key=lambda p: ids[p])]
        tokenizer = Tokenizer(
            models.Unigram(
                [(piece, scores.get(piece, self.lowest)) for piece in pieces],
                pieces.index(self.unknown),
                self.byte_fallback,
            )
        )
        normalizer = library_normalizer(self.normalize)
        if normalizer is not None:
            tokenizer.normalizer = normalizer
        steps: list[Any] = []
        if self.split_whitespace:
            steps.append(pre_tokenizers.WhitespaceSplit())
        if self.split_punctuation:
            steps.append(pre_tokenizers.Punctuation("isolated"))
        if self.metaspace:
            steps.append(pre_tokenizers.Metaspace(SPACE, self.prepend_scheme, self.split))
        if steps:
            tokenizer.pre_tokenizer = pre_tokenizers.Sequence(steps)
        return tokenizer

    def settings(self, pieces: Sequence[str]) -> dict[str, Any]:
        """The rules for JSON; scores are those of the first pieces, little-endian float64."""
        scores = [self.scores[piece] for piece in pieces if piece in self.scores]
        said: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        said["scores"] = packed(np.array(scores, "<f8").tobytes())
        said["normalize"] = list(self.normalize)
        return said

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any], pieces: Sequence[str]) -> "UnigramRules":
        """Read what `settings` returned."""
        data = zlib.decompress(base64.b64decode(settings["scores"]))
        scores = np.frombuffer(data, "<f8").tolist()
        found = {name: settings[name] for name in cls.__slots__}
        found["scores"] = dict(zip(pieces, scores, strict=False))  # pieces apart have none
        found["normalize"] = tuple(settings["normalize"])
        return cls(**found)


Rules = WordPieceRules | BytePairRules | UnigramRules
RULES: Mapping[str, type[Rules]] = {
    rules.kind: rules for rules in (WordPieceRules, BytePairRules, UnigramRules)
}
