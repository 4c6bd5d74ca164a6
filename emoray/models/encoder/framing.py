"""What a model of transformers is given beside token ids: on which side it pads, token types.

Shapes: N texts, L tokens.
"""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Framing:
    """How a tokenizer arranges a text for its model.

    Attributes:
        left: whether padding comes before a text.
        types: token types of the pieces before a text, of the text, and of those after it; None
            where the model is given none.
    """

    left: bool = False
    types: tuple[tuple[int, ...], int, tuple[int, ...]] | None = None

    def arranged(self, ids_NL: Tensor) -> Tensor:
        """Ids with padding, 0, after each text, as the tokenizer arranges them."""
        if not self.left:
            return ids_NL
        length = ids_NL.shape[1]
        counts_N1 = (ids_NL != 0).sum(1, keepdim=True)
        at_NL = (torch.arange(length, device=ids_NL.device)[None] + counts_N1) % length
        return ids_NL.gather(1, at_NL)

    def types_of(self, real_NL: Tensor) -> Tensor | None:
        """The token type of each place; real_NL: whether it is a token of its text."""
        if self.types is None:
            return None
        before, inside, after = self.types
        from_start_NL = real_NL.long().cumsum(1) * real_NL.long()  # 1 for the first token
        counts_N1 = real_NL.long().sum(1, keepdim=True)
        found_NL = torch.full_like(from_start_NL, inside)
        for i, kind in enumerate(before, start=1):
            found_NL = torch.where(from_start_NL == i, kind, found_NL)
        for i, kind in enumerate(reversed(after)):
            found_NL = torch.where(from_start_NL == counts_N1 - i, kind, found_NL)
        return found_NL
