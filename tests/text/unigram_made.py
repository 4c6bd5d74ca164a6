"""Tiny tokenizers in the forms of XLM-R, ALBERT, DeBERTa, T5, Llama and ModernBERT."""

import json
import math
from collections import Counter
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

from emoray.text.subwords import PieceTokenizer
from emoray.text.subwords_io import read_pieces
from tests.models.encoder.encoders_made import sample_texts, tokenizer_json

FORMS = ("xlm-r", "albert", "deberta", "deberta-signs", "t5", "llama", "modernbert")
UNIGRAMS = FORMS[:-1]
# What people see as one letter is one to SentencePiece's character map, if it is short.
CLUSTERS = (
    "e\u0301 e\u0301\u0316 \u2122\u0301 \u2460\u0301\u0302 x\u20dd",
    "\u00a9\u200d\u00a9 \u0600\u0301a",
    "\u1100\u1161\u11a8\u0301 \uac00\u0301 \uac01\u11a8 \u1161\u0301 \uff76\uff9e \u0e01\u0e33",
    "a\r\nb\rc\nd \r\n\u0301 \x00\u0301 \x7f\xad\u0301 \u2028\u0301 \u102b\u0301 k\u102b \u0903a",
    "🏻 a🏻 👍🏻 👨\u200d👩\u200d👧 🇦🇧 🇦\u0301",
    "\u0958\u0301 \u212b\u0301 ﬁ\u0301 ２\u0301 ＜s＞ ＜unk＞",
    "e" + "\u0301\u0316" * 40 + "o" + "\u0316\u0301\u0327" * 30,
)


@cache
def charsmap() -> bytes:
    """The character map that XLM-R, ALBERT and T5 have: SentencePiece's nmt_nfkc."""
    from sentencepiece import SentencePieceNormalizer
    from sentencepiece.sentencepiece_model_pb2 import ModelProto

    made = ModelProto()
    made.ParseFromString(SentencePieceNormalizer(rule_name="nmt_nfkc").serialized_model_proto())
    return bytes(made.normalizer_spec.precompiled_charsmap)


@cache
def _scored() -> tuple[tuple[str, float], ...]:
    """Pieces of the sample with the logarithm of their share, the most frequent first."""
    counts: Counter[str] = Counter()
    for text in sample_texts():
        for word in text.split():
            word = f"▁{word}"
            counts.update(word)
            counts.update(
                word[a:b] for a, b in combinations(range(len(word) + 1), 2) if 1 < b - a < 5
            )
            counts[word] += 1
    single = [sign for sign in counts if len(sign) == 1 and sign.isascii()]
    best = sorted(counts, key=lambda piece: (-counts[piece] * len(piece), piece))[:500]
    total = sum(counts.values())
    pieces = sorted({"▁", *single, *best}, key=lambda piece: (-counts[piece], piece))
    return tuple((piece, math.log(counts[piece] / total)) for piece in pieces)


def _unigram(form: str) -> Any:
    from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

    mapped = normalizers.Precompiled(charsmap())
    white, meta = pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()
    bert = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
    bare = normalizers.Sequence(
        [
            *(normalizers.Replace(quotes, '"') for quotes in ("``", "''")),
            *(normalizers.NFKD(), normalizers.StripAccents(), normalizers.Lowercase(), mapped),
        ]
    )
    plain = normalizers.Sequence(
        [
            *(normalizers.Replace(Regex(r"\s{2,}|[\n\r\t]"), " "), normalizers.NFC()),
            normalizers.Strip(left=False, right=True),
        ]
    )
    joined = normalizers.Sequence([mapped, normalizers.Replace(Regex(" {2,}"), "▁")])
    spaced = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    bytes_ = tuple(f"<0x{byte:02X}>" for byte in range(256))
    signs = [pre_tokenizers.Punctuation("isolated"), meta]
    names, normalizer, split = {
        "xlm-r": (("<s>", "<pad>", "</s>", "<unk>"), mapped, [white, meta]),
        "albert": (("<pad>", "<unk>", "[CLS]", "[SEP]"), bare, [white, meta]),
        "deberta": (bert, plain, [pre_tokenizers.Metaspace(prepend_scheme="first")]),
        "deberta-signs": (bert, plain, signs),
        "t5": (("<pad>", "</s>", "<unk>"), joined, [meta]),
        "llama": (("<unk>", "<s>", "</s>", *bytes_), spaced, []),
    }[form]
    unknown = next(i for i, name in enumerate(names) if name.lower() in ("<unk>", "[unk]"))
    scored = [*((name, 0.0) for name in names), *_scored(), ("<mask>", 0.0)]
    tokenizer = Tokenizer(models.Unigram(scored, unknown, form == "llama"))
    tokenizer.normalizer = normalizer
    if split:
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(split)
    special = [name for name in names if name not in bytes_]
    tokenizer.add_special_tokens([*special, AddedToken("<mask>", lstrip=True)])
    tokenizer.add_tokens([AddedToken("Yo  Man", normalized=True)])
    return tokenizer


@cache
def form_json(form: str) -> str:
    """What tokenizer.json of this form holds."""
    from tokenizers import processors

    if form == "modernbert":
        return tokenizer_json("modernbert")
    tokenizer = _unigram(form)
    vocabulary = tokenizer.get_vocab()
    first = next((n for n in ("<s>", "[CLS]") if n in vocabulary), "")
    last = "" if form == "llama" else next(n for n in ("</s>", "[SEP]") if n in vocabulary)
    tokenizer.post_processor = processors.TemplateProcessing(
        single=[*filter(None, (first, "$A", last))],
        pair=[*filter(None, (first, "$A", last, "$B", last))],
        special_tokens=[(name, vocabulary[name]) for name in (first, last) if name],
    )
    return str(tokenizer.to_str())


def formed(folder: Path, form: str, *, said: str | None = None, **asked: Any) -> PieceTokenizer:
    """Written into `folder` and read from there, as `said` has it where given."""
    folder.mkdir(exist_ok=True)
    (folder / "tokenizer.json").write_text(said or form_json(form), "utf-8")
    said_class = {"tokenizer_class": "PreTrainedTokenizerFast"}
    (folder / "tokenizer_config.json").write_text(json.dumps(said_class), "utf-8")
    return read_pieces(folder, **{"max_tokens": 64, **asked})


def as_xlm_r(folder: Path) -> Path:
    """Make the XLM-R of a tiny RoBERTa's folder: SentencePiece's pieces and character map."""
    (folder / "tokenizer.json").write_text(form_json("xlm-r"), "utf-8")
    said = json.loads((folder / "config.json").read_text())
    del said["architectures"]
    (folder / "config.json").write_text(json.dumps(said | {"model_type": "xlm-roberta"}))
    return folder
