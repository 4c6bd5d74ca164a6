"""Open a folder's tokenizer as transformers does: tokenizer.json holds only a part of it.

`do_lower_case` in tokenizer_config.json, added tokens in four other files and a class that builds
its own rules all count. The one file of this folder that loads transformers.
"""

import json
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

# Whatever transformers reads a tokenizer from.
FILES = (
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.txt",
    "vocab.json",
    "merges.txt",
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OpenedTokenizer:
    """A tokenizer opened by transformers.

    Attributes:
        specification: the content of tokenizer.json.
        padding: name of that token, None without.
        unknown: name of that token, None without.
        longest: tokens of a text that it is meant for, None where it does not say.
        library: the object of transformers.
    """

    specification: Mapping[str, Any]
    padding: str | None
    unknown: str | None
    longest: int | None
    library: Any

    @property
    def padding_id(self) -> int:
        """The id that fills the shorter texts of a batch; 0 where the tokenizer names none."""
        return int(self.library.pad_token_id or 0)

    def ids(self, texts: Sequence[str], max_tokens: int) -> list[list[int]]:
        """Ids of many texts in the model's own numbers, framed and cut: `tokenizer(texts)`."""
        encoded = self.library(list(texts), truncation=True, max_length=max_tokens)
        return [list(map(int, ids)) for ids in encoded["input_ids"]]

    def batch(self, texts: Sequence[str], max_tokens: int) -> dict[str, Any]:
        """All that a model is given of texts, as PyTorch's tensors, padded to the longest."""
        return dict(
            self.library(
                list(texts),
                truncation=True,
                max_length=max_tokens,
                padding=True,
                return_tensors="pt",
            )
        )

    @property
    def pads_left(self) -> bool:
        """Whether padding comes before a text."""
        return bool(self.library.padding_side == "left")

    @property
    def types(self) -> tuple[tuple[int, ...], int, tuple[int, ...]] | None:
        """Token types of pieces before a text, of the text and of pieces after it, if given."""
        frame = self.specification.get("post_processor") or {}
        if "token_type_ids" not in self.library.model_input_names or "single" not in frame:
            return None
        kinds = [next(iter(step.items())) for step in frame["single"]]
        at = next(i for i, (kind, _) in enumerate(kinds) if kind == "Sequence")
        ids = [int(said["type_id"]) for _, said in kinds]
        return tuple(ids[:at]), ids[at], tuple(ids[at + 1 :])


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence the libraries' warnings; what matters of them is raised."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def _opened(library: Any) -> OpenedTokenizer:
    longest = library.model_max_length
    whole = isinstance(longest, int) and not isinstance(longest, bool) and 2 < longest < 2**31
    return OpenedTokenizer(
        specification=json.loads(library.backend_tokenizer.to_str()),
        padding=library.pad_token,
        unknown=library.unk_token,
        longest=longest if whole else None,
        library=library,
    )


@lru_cache(maxsize=4)
def _kept(folder: Path, stamps: tuple[tuple[str, int, int], ...]) -> OpenedTokenizer:
    with _quiet():
        from transformers import AutoTokenizer

        try:
            # Never code of the folder's own, and never a question on the terminal about it.
            library = AutoTokenizer.from_pretrained(
                folder, use_fast=True, local_files_only=True, trust_remote_code=False
            )
        except Exception as error:  # of several libraries below: any of them means no tokenizer
            first = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ValueError(
                f"a tokenizer is one that this transformers opens, got {first[:200]!r} for "
                f"{folder}: save it again with AutoTokenizer.from_pretrained(...).save_pretrained"
                "(folder)"
            ) from None
    if getattr(library, "backend_tokenizer", None) is None:
        raise ValueError(
            "a tokenizer is one of the tokenizers library, WordPiece, byte-level BPE or Unigram, "
            f"got {type(library).__name__} in {folder}: choose an encoder with one of these"
        )
    return _opened(library)


def open_tokenizer(folder: Path) -> OpenedTokenizer:
    """Open the tokenizer in a folder by transformers; ValueError where it cannot."""
    paths = [folder / name for name in (*FILES, "config.json")]
    found = [(path, path.stat()) for path in paths if path.is_file()]
    return _kept(folder, tuple((p.name, s.st_mtime_ns, s.st_size) for p, s in found))
