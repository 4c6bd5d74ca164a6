"""Rows as the page's script reads them: column by column, each encoded as shortly as possible.

`{"all": v}`: one value for every row. `{"words": […], "codes": […]}`: text, code -1 for none.
`{"values": […]}`: numbers, null for none. Tables of thousandths travel as text, see `thousandths`.
"""

import base64
from typing import Any

import numpy as np
import pandas as pd

DIGITS = 6
NOTHING = -32768  # where a table of thousandths has no value


def _number(value: float) -> int | float | None:
    """A number with as many digits as a reader may ask for; whole ones without a point."""
    if not np.isfinite(value):
        return None
    if float(value).is_integer():
        return int(value)
    return float(f"{value:.{DIGITS}g}")


def packed_column(values: pd.Series) -> dict[str, Any]:
    """Encode one column, see above."""
    if values.isna().all():
        return {"all": None}
    if isinstance(values.dtype, pd.BooleanDtype) or values.dtype == bool:
        values = values.astype("Float64").astype(float)
    if pd.api.types.is_numeric_dtype(values):
        several, places = np.unique(values.to_numpy(float, na_value=np.nan), return_inverse=True)
        numbers = [_number(v) for v in several]  # few: most of a column's values come again
        if len(set(numbers)) == 1:
            return {"all": numbers[0]}
        return {"values": [numbers[place] for place in places]}
    codes, words = pd.factorize(values, sort=True)
    if len(words) == 1 and (codes == 0).all():
        return {"all": str(words[0])}
    return {"words": [str(w) for w in words], "codes": codes.tolist()}


def packed(frame: pd.DataFrame) -> dict[str, Any]:
    """Encode all columns of a frame, by name."""
    return {str(name): packed_column(frame[name]) for name in frame.columns}


def thousandths(shares: np.ndarray) -> str:
    """Encode shares as base64 of little-endian int16: three digits after the point, as shown."""
    filled = np.nan_to_num(np.round(1000 * shares), nan=NOTHING)
    return base64.b64encode(filled.astype("<i2").tobytes()).decode()
