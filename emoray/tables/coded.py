"""Many rows as a frame that takes little memory: a word that many rows share is held once."""

from collections.abc import Iterable

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc


def _sorted_words(column: pa.ChunkedArray) -> pa.Array:
    """A column as codes into its distinct words, in their order."""
    coded = column.unify_dictionaries().combine_chunks()
    order = pc.sort_indices(coded.dictionary)
    place = pc.sort_indices(order)  # of each word among the sorted ones
    codes = place.take(coded.indices).cast(pa.int32())
    return pa.DictionaryArray.from_arrays(codes, coded.dictionary.take(order))


def coded(chunks: Iterable[pa.Table], whole: Iterable[str] = ()) -> pd.DataFrame:
    """Rows of all chunks as a frame; text as categories, which sort, group and compare as the text
    does, but for the columns `whole`, in which hardly a word comes twice."""
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
    """The same with categories as text again: for the few rows that are looked at closely."""
    categories = frame.select_dtypes("category").columns
    return frame.astype(dict.fromkeys(categories, "str"))
