"""How a tensor's numbers are computed with while a model runs.

float: float32 in the file. integer: 8-bit codes times 8-bit codes, summed in 32 bits
(MatMulInteger). 4-bit kernels: the operator reads 4-bit codes (MatMulNBits, GatherBlockQuantized).
dequantized: codes in the file, float32 before the product; of an embedding only the gathered rows.
"""

from collections.abc import Mapping
from typing import Literal

from emoray.quant.scheme import EMBEDDING

Execution = Literal["float", "integer", "4-bit kernels", "dequantized"]
FLOAT: Execution = "float"
INTEGER: Execution = "integer"
FOUR_BIT: Execution = "4-bit kernels"
DEQUANTIZED: Execution = "dequantized"


def model_execution(of: Mapping[str, Execution]) -> str:
    """Summarise a model's execution by that of its dense products.

    With float products the embedding is named.

    Returns:
        One word when all products agree, else `mixed: …`.
    """
    products = list(dict.fromkeys(how for name, how in of.items() if name != EMBEDDING))
    if products == [FLOAT] and of.get(EMBEDDING, FLOAT) != FLOAT:
        return f"mixed: {of[EMBEDDING]} embedding, float products"
    return products[0] if len(products) == 1 else f"mixed: {', '.join(sorted(products))}"
