"""Write a piece tokenizer as the tokenizer.json that transformers reads, ids unchanged."""

import json
from pathlib import Path

from emoray.text.subword_rules import PADDING
from emoray.text.subwords import UNKNOWN_ID, AddedPiece, PieceTokenizer

PAD, UNKNOWN = "[PAD]", "[UNK]"


def write_tokenizer(pieces: PieceTokenizer, folder: Path, *, padding_id: int = 0) -> None:
    """Write tokenizer.json and tokenizer_config.json into an existing folder.

    Where a text may contain padding, that piece pads in transformers, and the id has no name.

    Args:
        pieces: to write.
        folder: to write into.
        padding_id: 0, or 1 where the model wants that; unknown has the other one.
    """
    from tokenizers import processors

    unknown = pieces.unknown or UNKNOWN
    padding = next((name for name in (PAD, "<pad>") if name in pieces), PAD)
    apart = {added.content for added in pieces.added if added.apart}
    library = pieces.rules.without_pieces(
        {
            PADDING if padding in pieces else padding: padding_id,
            unknown: UNKNOWN_ID - padding_id,
        }
        | {piece: pieces.id_of(piece) for piece in pieces.pieces if piece not in apart}
    )
    framing = [*pieces.prefix, *pieces.suffix]
    special = dict.fromkeys([padding, unknown, *framing])
    known = {added.content for added in pieces.added}
    for added in (*pieces.added, *(AddedPiece(content=n) for n in special if n not in known)):
        token = added.of_library(special=added.content in special)
        (library.add_special_tokens if token.special else library.add_tokens)([token])
    library.post_processor = processors.TemplateProcessing(
        single=[*pieces.prefix, "$A", *pieces.suffix],
        pair=[*pieces.prefix, "$A", *pieces.suffix, "$B:1", *(f"{s}:1" for s in pieces.suffix)],
        special_tokens=[(name, pieces.id_of(name)) for name in dict.fromkeys(framing)],
    )
    library.enable_truncation(pieces.max_tokens)
    specification = json.loads(library.to_str())
    if "unk_token" in specification["model"]:
        specification["model"]["unk_token"] = unknown
    (folder / "tokenizer.json").write_text(json.dumps(specification, ensure_ascii=False), "utf-8")
    roles = {"pad_token": padding, "unk_token": unknown}
    if pieces.prefix and pieces.suffix:
        roles |= {"cls_token": pieces.prefix[0], "sep_token": pieces.suffix[-1]}
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": pieces.max_tokens,
        **roles,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=1))
