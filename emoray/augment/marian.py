"""Marian, the neural translator of transformers: any `opus-mt` model of the hub, or a folder."""

import hashlib
import re
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl

from emoray.augment.marian_decoding import Beams, Decoding, Sampling
from emoray.augment.marian_files import digest_of, folder_of, model_of, require_translate

if TYPE_CHECKING:
    from emoray.augment.marian_handle import MarianHandle

_ENDS_IN_PAIR = re.compile(r"(.*-)([A-Za-z_]+)-([A-Za-z_]+)")
DEVICES = ("cpu", "cuda")
OPTIONS = {"beams", "sampling", "seed", "device", "bf16"}


def _turned(model: str | Path) -> str | Path | None:
    """The model of the way back, where the name has both languages."""
    name = model if isinstance(model, str) else model.name
    if not (found := _ENDS_IN_PAIR.fullmatch(name)):
        return None
    turned = f"{found[1]}{found[3]}-{found[2]}"
    return turned if isinstance(model, str) else model.parent / turned


def _options(query: str) -> dict[str, Any]:
    """Parse fields of `Marian` from what follows the `?` of its name."""
    given = dict(parse_qsl(query, keep_blank_values=True))
    at_odds = given.keys() - OPTIONS or ("beams" in given and given.keys() & {"sampling", "seed"})
    if at_odds or ("seed" in given and "sampling" not in given):
        raise _misnamed(query)
    found: dict[str, Any] = {name: given[name] for name in ("device",) if name in given}
    try:
        if "beams" in given:
            found["decoding"] = Beams(int(given["beams"]))
        if "sampling" in given:
            found["decoding"] = Sampling(float(given["sampling"]), int(given.get("seed", 0)))
        if "bf16" in given:
            found["bf16"] = bool(int(given["bf16"]))
    except ValueError as error:
        raise _misnamed(query) from error
    return found


def _misnamed(query: str) -> ValueError:
    return ValueError(
        "a Marian model's options are beams=N from 1, or sampling=TEMPERATURE above 0 with seed=N, "
        f"device=cpu or cuda, bf16=1, got {query!r}: write e.g. ?sampling=0.8&seed=1"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Marian:
    """One direction, and the model of the way back. A folder counts by its content alone."""

    tag: ClassVar[str] = "Marian"

    model: str | Path = "Helsinki-NLP/opus-mt-en-de"
    reverse: str | Path = "Helsinki-NLP/opus-mt-de-en"
    decoding: Decoding = field(default_factory=Beams)
    device: str = "cpu"
    bf16: bool = False

    def __post_init__(self) -> None:
        if self.device not in DEVICES:
            raise ValueError(f"device is one of {', '.join(DEVICES)}, got {self.device!r}")

    @classmethod
    def of(cls, name: str) -> "Marian":
        """Parse `MODEL[,MODEL BACK][?options]`.

        The way back is found in a name that ends in both languages.

        Returns:
            The translator.

        Raises:
            ValueError: if there is no model for the way back.
        """
        models, _, query = name.partition("?")
        there, _, back = models.partition(",")
        model = model_of(there)
        reverse = model_of(back) if back else _turned(model)
        if reverse is None:
            raise ValueError(
                f"a Marian model needs one for the way back, got only {there!r}, whose name does "
                "not end in two languages: write marian:THERE,BACK"
            )
        return cls(model=model, reverse=reverse, **_options(query))

    def __str__(self) -> str:
        back = "" if self.reverse == _turned(self.model) else f",{self.reverse}"
        options = [str(self.decoding)] if self.decoding != Beams() else []
        options += [f"device={self.device}"] if self.device != DEVICES[0] else []
        options += ["bf16=1"] if self.bf16 else []
        return f"marian:{self.model}{back}" + (f"?{'&'.join(options)}" if options else "")

    @property
    def back(self) -> "Marian":
        """The direction back."""
        return Marian(
            model=self.reverse,
            reverse=self.model,
            decoding=self.decoding,
            device=self.device,
            bf16=self.bf16,
        )

    @property
    def gpus(self) -> float:
        """The number of GPUs of a handle."""
        return 1.0 if self.device == "cuda" else 0.0

    def fingerprint(self) -> str:
        """SHA-256 of the files of both models."""
        require_translate()
        return _both(self.model, self.reverse)

    def open(self) -> "MarianHandle":
        """Load the model."""
        require_translate()
        from emoray.augment.marian_handle import MarianHandle

        return MarianHandle(
            folder_of(self.model), decoding=self.decoding, device=self.device, bf16=self.bf16
        )


@lru_cache(maxsize=8)
def _both(model: str | Path, reverse: str | Path) -> str:
    both = digest_of(folder_of(model)) + digest_of(folder_of(reverse))
    return hashlib.sha256(both.encode()).hexdigest()
