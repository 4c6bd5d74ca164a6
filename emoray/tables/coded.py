"""Many rows as a frame that takes little memory: text that many rows share is held once."""

from collections.abc import Iterable

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


def _sorted_words(column: pa.ChunkedArray) -> pa.Array:
    """Encode a column by its distinct values, in their order."""
    coded = column.unify_dictionaries().combine_chunks()
    order = pc.sort_indices(coded.dictionary)
    place = pc.sort_indices(order)  # of each word among the sorted ones
    codes = place.take(coded.indices).cast(pa.int32())
    return pa.DictionaryArray.from_arrays(codes, coded.dictionary.take(order))


def coded(chunks: Iterable[pa.Table], whole: Iterable[str] = ()) -> pd.DataFrame:
    """Convert the rows of all chunks to a frame with text as categories.

    Categories sort, group and compare as the text does.

    Args:
        chunks: tables of one schema.
        whole: columns that stay text, as hardly a value comes twice.

    Returns:
        The frame.
    """
    parts, apart = [], set(whole)
    for chunk in chunks:
        columns = [
            column.dictionary_encode()
            if pa.types.is_string(column.type) and name not in apart
            else column
            for name, column in zip(chunk.column_names, chunk.columns, strict=True)
        ]
        parts.append(pa.table(columns, names=chunk.column_names))
    table = pa.concat_tables(parts)
    del parts
    for at, name in enumerate(table.column_names):
        if pa.types.is_dictionary(table.column(name).type):
            table = table.set_column(at, name, _sorted_words(table.column(name)))
    frame: pd.DataFrame = table.to_pandas(split_blocks=True, self_destruct=True)
    return frame


def as_text(frame: pd.DataFrame) -> pd.DataFrame:
    """Convert categories back to text, for few rows."""
    categories = frame.select_dtypes("category").columns
    return frame.astype(dict.fromkeys(categories, "str"))
