"""Choose the pieces of an encoder that a corpus needs; its embedding shrinks to a third.

A dropped piece falls back to shorter ones: WordPiece finds the next shorter one, byte pairs
are joined less far, Unigram takes the next best way through a word. Shapes: V ids.

A text that Unigram cuts into kept pieces only is cut as before: its way was the best and is still
there, other ways are fewer, and those through a dropped character cost more than they did.
"""

import string
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np

from emoray.text.subword_rules import SPACE, BytePairRules, UnigramRules, WordPieceRules
from emoray.text.subwords import UNKNOWN_ID, PieceTokenizer
from emoray.text.vocabulary import FIRST


def _alphabet(texts: Sequence[str], tokenizer: PieceTokenizer, rules: WordPieceRules) -> set[str]:
    """Characters that spell words, alone and inside a word: those of train, and ASCII."""
    normalizer = tokenizer.library().normalizer
    assert normalizer is not None
    seen = set(string.printable).union(*map(set, map(normalizer.normalize_str, texts)))
    return seen | {rules.continuing + character for character in seen}


def _readable(tokenizer: PieceTokenizer, rules: WordPieceRules) -> np.ndarray:
    """Return (V,) bool: pieces of several characters that a text can yield, so not `[unused7]`."""
    library = tokenizer.library()
    assert library.normalizer is not None and library.pre_tokenizer is not None
    readable_V = np.zeros(len(tokenizer), dtype=bool)
    for i, piece in enumerate(tokenizer.pieces, start=FIRST):
        bare = piece.removeprefix(rules.continuing) if len(piece) > len(rules.continuing) else piece
        words = library.pre_tokenizer.pre_tokenize_str(library.normalizer.normalize_str(bare))
        readable_V[i] = len(bare) > 1 and [word for word, _ in words] == [bare]
    return readable_V


def _unigram_needs(
    texts: Sequence[str], tokenizer: PieceTokenizer, rules: UnigramRules
) -> tuple[set[str], np.ndarray]:
    """Characters and bytes that spell any word of train; (V,) bool: what else texts can yield."""
    library = tokenizer.library()
    split = library.pre_tokenizer

    def words(text: str) -> list[str]:
        normal = library.normalizer.normalize_str(text) if library.normalizer else text
        return [word for word, _ in split.pre_tokenize_str(normal)] if split else [normal]

    seen = set(string.printable) | {SPACE}
    for text in texts:
        seen.update(*words(text))
    spelled = seen | ({f"<0x{byte:02X}>" for byte in range(256)} if rules.byte_fallback else set())
    possible_V = np.zeros(len(tokenizer), dtype=bool)
    for i, piece in enumerate(tokenizer.pieces, start=FIRST):
        bare = piece.removeprefix(SPACE)
        possible_V[i] = len(piece) > 1 and piece in rules.scores and set(piece) <= seen
        possible_V[i] &= "".join(words(bare)).removeprefix(SPACE) == bare
    return spelled, possible_V


def _with_parts(kept: set[str], rules: BytePairRules) -> set[str]:
    """Add all pieces that kept ones are joined from; a merge precedes every merge that uses it."""
    kept = set(kept)
    for a, b in reversed(rules.merges):
        if a + b in kept:
            kept |= {a, b}
    return kept


def keep_pieces(
    train_texts: Sequence[str], tokenizer: PieceTokenizer, *, allowance: int, min_count: int
) -> np.ndarray:
    """Choose the ids to keep.

    Kept are padding, unknown, framing and added pieces; pieces that train uses `min_count` times;
    the characters to spell any word of train's alphabet and of ASCII (byte pairs and byte fallback:
    all 256 bytes); and for new texts the first `allowance` other pieces in the encoder's own order,
    which is by frequency in its training. Characters of other alphabets and pieces that no text can
    yield are not among those: a word with such a character is unknown (Unigram: the character).

    Args:
        train_texts: of the corpus.
        tokenizer: with all pieces.
        allowance: number of pieces for new texts.
        min_count: uses of a piece in train.

    Returns:
        Ids, ascending, for `tokenizer.pruned`.

    Raises:
        ValueError: if `min_count` is below 1 or `allowance` below 0.
    """
    if min_count < 1 or allowance < 0:
        raise ValueError(
            f"min_count must be at least 1 and allowance at least 0, got {min_count} and "
            f"{allowance}: keep every piece by not pruning"
        )
    ids = tokenizer.encode_all(train_texts).flat
    kept_V = np.bincount(ids, minlength=len(tokenizer)) >= min_count
    kept_V[:FIRST] = True
    rules = tokenizer.rules
    added = (piece.content for piece in tokenizer.added)
    framing = {*tokenizer.prefix, *tokenizer.suffix, *added}
    if isinstance(rules, WordPieceRules):
        needed = framing | _alphabet(train_texts, tokenizer, rules)
        possible_V = _readable(tokenizer, rules)
    elif isinstance(rules, UnigramRules):
        spelled, possible_V = _unigram_needs(train_texts, tokenizer, rules)
        needed = framing | spelled
    else:
        joined = {a + b for a, b in rules.merges}
        needed = framing | {piece for piece in tokenizer.pieces if len(piece) == 1}
        possible_V = np.array([False] * FIRST + [piece in joined for piece in tokenizer.pieces])
    kept_V[FIRST:] |= np.array([piece in needed for piece in tokenizer.pieces])
    kept_V[np.flatnonzero(possible_V & ~kept_V)[:allowance]] = True
    if isinstance(rules, BytePairRules):
        kept = {tokenizer.pieces[i - FIRST] for i in np.flatnonzero(kept_V)[FIRST:]}
        whole = _with_parts(kept, rules)
        kept_V[FIRST:] |= np.array([piece in whole for piece in tokenizer.pieces])
    return np.flatnonzero(kept_V)


def changed_share(texts: Iterable[str], full: PieceTokenizer, pruned: PieceTokenizer) -> float:
    """Share of the tokens of `full` that `pruned` cuts otherwise or does not know."""
    before, after = full.library(), pruned.library()
    running = changed = 0
    for text in texts:
        cut = before.encode(text, add_special_tokens=False)
        again = after.encode(text, add_special_tokens=False)
        here = Counter(zip(cut.tokens, cut.offsets, strict=True))
        here.subtract(zip(again.tokens, again.offsets, strict=True))
        running += len(cut.tokens)
        changed += sum(count for count in here.values() if count > 0)
    return changed / running if running else 0.0


def unknown_signs(
    train_texts: Iterable[str], tokenizer: PieceTokenizer, *, min_count: int
) -> tuple[str, ...]:
    """Emoji and other symbols in at least `min_count` train texts that are unknown.

    An encoder of 2018 reads a word with one as unknown, though they carry feelings. Byte pairs know
    every sign, Unigram those of its alphabet.

    Args:
        train_texts: of the corpus.
        tokenizer: of the encoder.
        min_count: texts with the sign.

    Returns:
        Signs by frequency, for `read_pieces(…, added=(*signs, *MASKS))`.
    """
    if isinstance(tokenizer.rules, BytePairRules):
        return ()
    counts = Counter(
        sign for text in train_texts for sign in set(text) if unicodedata.category(sign) == "So"
    )
    frequent = [sign for sign, count in counts.items() if count >= min_count]
    ordered = sorted(frequent, key=lambda s: (-counts[s], s))
    if isinstance(tokenizer.rules, UnigramRules):  # which first makes letters of some
        library = tokenizer.library()
        return tuple(s for s in ordered if UNKNOWN_ID in library.encode(s).ids)
    return tuple(sign for sign in ordered if sign not in tokenizer)
