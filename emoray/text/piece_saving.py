"""Writes a piece tokenizer as the tokenizer.json that transformers reads, ids unchanged."""

import json
from pathlib import Path

from emoray.text.pieces import PieceTokenizer

PAD, UNKNOWN = "[PAD]", "[UNK]"


def write_tokenizer(pieces: PieceTokenizer, folder: Path) -> None:
    """tokenizer.json and tokenizer_config.json in `folder`, which exists."""
    from tokenizers import AddedToken, processors

    library = pieces.rules.without_pieces(
        {PAD: 0, UNKNOWN: 1} | {piece: pieces.id_of(piece) for piece in pieces.pieces}
    )
    library.add_tokens([AddedToken(a, lstrip=True, normalized=False) for a in pieces.added])
    framing = [*pieces.prefix, *pieces.suffix]
    library.add_special_tokens([PAD, UNKNOWN, *framing])
    library.post_processor = processors.TemplateProcessing(
        single=[*pieces.prefix, "$A", *pieces.suffix],
        pair=[*pieces.prefix, "$A", *pieces.suffix, "$B:1", *(f"{s}:1" for s in pieces.suffix)],
        special_tokens=[(name, pieces.id_of(name)) for name in dict.fromkeys(framing)],
    )
    library.enable_truncation(pieces.max_tokens)
    said = json.loads(library.to_str())
    if "unk_token" in said["model"]:
        said["model"]["unk_token"] = UNKNOWN
    (folder / "tokenizer.json").write_text(json.dumps(said, ensure_ascii=False), "utf-8")
    roles = {"pad_token": PAD, "unk_token": UNKNOWN}
    if pieces.prefix and pieces.suffix:
        roles |= {"cls_token": pieces.prefix[0], "sep_token": pieces.suffix[-1]}
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": pieces.max_tokens,
        **roles,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1))
