"""Check before any worker starts that an encoder gives here what it gives in transformers.

Shapes: N texts, D width.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from emoray.artifact.runtime import Reader
from emoray.stages.misread import misread
from emoray.text.opened import open_tokenizer
from emoray.text.subwords_io import read_pieces

READ, SAID = 2000, 24  # texts whose ids are compared, and of them those that the encoder reads too
TOLERANCE = 1e-3  # of a mean output: float32 sums in another order stay far below it


FEW = (
    "",
    "Thanks, that's GREAT \N{GRINNING FACE}",
    "Ça va, naïve?",
    "[CLS] so [MASK] it <mask> is",
)


def require_readable(folder: Path, texts: Sequence[str], *, max_tokens: int) -> None:
    """Refuse an encoder whose ids or outputs differ from those in transformers.

    Args:
        folder: of the encoder.
        texts: of the corpus; the first of them are tried, after a few difficult ones.
        max_tokens: of a text.

    Raises:
        ValueError: files cannot be read, a text has other ids, or outputs are too far apart.
    """
    from emoray.models.encoder.as_saved import outputs_as_saved, outputs_here
    from emoray.models.encoder.weights import read_encoder

    pieces, found = read_pieces(folder, max_tokens=max_tokens, added=()), open_tokenizer(folder)
    tensors, settings = read_encoder(folder)
    tensors["embedding"] = pieces.start_rows(tensors["embedding"])
    chosen = list(dict.fromkeys([*FEW, *texts]))[:READ]
    reader = Reader(pieces.vocabulary().encode(), json.dumps(pieces.settings_json()).encode())
    rows = [reader.ids(text) for text in chosen]
    theirs = found.ids(chosen, max_tokens)
    ours = [pieces.original_ids[row].tolist() for row in rows]
    name = found.library.convert_ids_to_tokens
    if wrong := misread(chosen, theirs, ours, lambda i: str(name(i))):
        raise ValueError(str(wrong))
    wanted_ND = outputs_as_saved(folder, theirs[:SAID], padding=found.padding_id)
    found_ND = outputs_here(tensors, settings, rows[:SAID])
    apart = float(np.abs(wanted_ND - found_ND).max(initial=0.0))
    if not apart <= TOLERANCE:
        raise ValueError(
            f"an encoder says here what it says in transformers, got an output {apart:.2g} apart "
            f"(tolerance {TOLERANCE:g}) in {folder}: save model and tokenizer again from one place "
            "with save_pretrained, or choose another encoder"
        )
