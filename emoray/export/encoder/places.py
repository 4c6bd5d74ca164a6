"""What attention knows of tokens' places: which may be seen, what distance adds, how heads turn.

Shapes: N texts, H heads, L tokens, P positions, C columns of distances, T half a head's width.
"""

from dataclasses import dataclass

import numpy as np

from emoray.export.encoder.network import Encoder
from emoray.export.kernels import IDS
from emoray.export.writer import Writer

NEVER = -1e30


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """For the queries of all tokens, and of the first one alone; H is 1 but for distances."""

    of_all_NHLL: str
    of_first_NH1L: str


class Places:
    """Writes the masks of attention and turns queries and keys; each is written once."""

    def __init__(self, writer: Writer, encoder: Encoder) -> None:
        self._writer = writer
        self._encoder = encoder
        self._turns: dict[bytes, tuple[str, str]] = {}
        self._at_NL = ""

    def _slice(self, every_P: np.ndarray) -> str:
        """The values of a text's own places, (L,)."""
        writer, zero = self._writer, self._writer.ints(0)
        length = writer.node("Shape", IDS, start=1)
        return writer.node("Slice", writer.constant(every_P), zero, length, zero)

    def mask(self, real_NL: str, window: int | None) -> Mask:
        """The summands of scores that hide padding and what is far, and those of distances."""
        writer = self._writer
        bias_NL = writer.node("Where", real_NL, writer.number(0), writer.number(NEVER))
        of_first_N11L = writer.node("Unsqueeze", bias_NL, writer.ints(1, 2))
        if self._encoder.relative_HC is not None:
            return self._by_distance(self._encoder.relative_HC, of_first_N11L)
        if window is not None and window < self._encoder.positions - 1:
            return self._near(window, of_first_N11L)
        if self._encoder.distances_UD is not None:  # what is added has a row for each query
            return Mask(of_all_NHLL=of_first_N11L, of_first_NH1L=of_first_N11L)
        length = writer.node("Shape", IDS, start=1)
        shape = writer.node("Concat", writer.ints(1, 1), length, writer.ints(1), axis=0)
        return Mask(
            of_all_NHLL=writer.node("Expand", of_first_N11L, shape), of_first_NH1L=of_first_N11L
        )

    def _near(self, window: int, hidden_N11L: str) -> Mask:
        """Hide what is farther than the window to either side."""
        writer = self._writer
        places_L = self._slice(np.arange(self._encoder.positions, dtype=np.float32))
        away_LL = writer.node("Sub", places_L, writer.node("Unsqueeze", places_L, writer.ints(1)))

        def hidden(away: str) -> str:
            is_far = writer.node("Greater", writer.node("Abs", away), writer.number(window))
            return writer.node("Where", is_far, writer.number(NEVER), writer.number(0))

        return Mask(
            of_all_NHLL=writer.node("Add", hidden_N11L, hidden(away_LL)),
            of_first_NH1L=writer.node("Add", hidden_N11L, hidden(places_L)),
        )

    def _by_distance(self, relative_HC: np.ndarray, hidden_N11L: str) -> Mask:
        """Add what heads add by distance: looked up in a table, for it is small."""
        writer, zero = self._writer, self._writer.ints(0)
        table = writer.constant(relative_HC)
        places_L = self._slice(np.arange(self._encoder.positions))
        middle = writer.constant(np.array(self._encoder.positions - 1))
        at_L = writer.node("Add", places_L, middle)
        queries_L1 = writer.node("Unsqueeze", places_L, writer.ints(1))
        at_LL = writer.node("Sub", writer.node("Unsqueeze", at_L, zero), queries_L1)
        of_all_HLL = writer.node("Gather", table, at_LL, axis=1)
        of_first_H1L = writer.node(
            "Unsqueeze", writer.node("Gather", table, at_L, axis=1), writer.ints(1)
        )
        return Mask(
            of_all_NHLL=writer.node("Add", hidden_N11L, of_all_HLL),
            of_first_NH1L=writer.node("Add", hidden_N11L, of_first_H1L),
        )

    def prepare(self) -> None:
        """Write what `turned` needs, before and outside any branch."""
        writer = self._writer
        places_P1 = np.arange(self._encoder.positions, dtype=np.float32)[:, None]
        for layer in self._encoder.layers:
            if layer.rotary_T is not None:
                angles_PT = writer.node(
                    "Mul", writer.constant(places_P1), writer.constant(layer.rotary_T[None])
                )
                turns = writer.node("Cos", angles_PT), writer.node("Sin", angles_PT)
                self._turns.setdefault(layer.rotary_T.tobytes(), turns)
        if self._turns:
            at_L = self._slice(np.arange(self._encoder.positions))
            self._at_NL = writer.node("Expand", at_L, writer.node("Shape", IDS))

    def turned(self, x_NLD: str, rotary_T: np.ndarray | None, heads: int) -> str:
        """Turn the heads of queries or keys by their places; as they are without frequencies."""
        if rotary_T is None:
            return x_NLD
        cos_PT, sin_PT = self._turns[rotary_T.tobytes()]
        return self._writer.node(
            "RotaryEmbedding", x_NLD, cos_PT, sin_PT, self._at_NL, num_heads=heads
        )
