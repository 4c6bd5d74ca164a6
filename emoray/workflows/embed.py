"""`jobs.embed`: texts as vectors of an encoder, in Parquet files that corpora of features read."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from emoray.console.progress import progress
from emoray.console.wording import count
from emoray.data.corpus import SPLITS, read_records, taxonomies_of
from emoray.stages.inputs import require_encoder
from emoray.stages.spec import EncoderRef
from emoray.storage.location import Place, check_writable, child, local_copy, staged_output
from emoray.workflows.settings.embed import VECTOR, Embed

MOST_TOKENS = 128


def _of_corpus(settings: Embed, console: Console) -> dict[str, pa.Table]:
    """The splits of the corpus: texts, and names of their labels."""
    source = settings.find_texts("an encoder")
    console.print(f"corpus {source}", highlight=False, soft_wrap=True)
    names, *_ = taxonomies_of(source.folder)
    found = {}
    for split in SPLITS:
        _, records = read_records(source.folder, split)
        columns = {
            "id": [comment for comment, _, _ in records],
            "text": [text for _, text, _ in records],
            "labels": [[names.of[i] for i in ids] for _, _, ids in records],
        }
        found[split] = pa.table(columns)
    return found


def _of_file(settings: Embed) -> dict[str, pa.Table]:
    assert settings.texts is not None
    try:
        table = pq.read_table(local_copy(settings.texts))
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(
            f"--texts is a Parquet file, got {settings.texts} ({str(error).splitlines()[0][:80]}): "
            "save it as one"
        ) from None
    if settings.text_column not in table.column_names:
        raise ValueError(
            f"a file of texts has a column of them, got no {settings.text_column!r} in "
            f"{settings.texts} with {', '.join(table.column_names[:8])}: name it with --text-column"
        )
    if VECTOR in table.column_names:
        raise ValueError(
            f"{VECTOR!r} is the column that is added, got one in {settings.texts}: rename it"
        )
    return {"texts": table}


def _vectors(
    encoder: EncoderRef, tokens: int, texts: Sequence[str | None], tick: Callable[[int], None]
) -> np.ndarray:
    from emoray.models.encoder.sentence_vectors import sentence_vectors
    from emoray.text.subwords_io import read_pieces

    pieces = read_pieces(encoder.folder, max_tokens=tokens)
    return sentence_vectors(
        encoder.folder, pieces.start_rows, pieces.encode_all(text or "" for text in texts), tick
    )


def _with_vectors(
    tables: dict[str, pa.Table], encoder: EncoderRef, settings: Embed, console: Console
) -> Iterator[tuple[str, pa.Table]]:
    """Yield each table with its vectors."""
    tokens = min(settings.max_tokens or MOST_TOKENS, encoder.positions)
    column = "text" if settings.texts is None else settings.text_column
    total, done = sum(map(len, tables.values())), 0
    with progress(console, "encoding", unit="texts", total=total) as shown:
        for name, table in tables.items():
            before = done
            vectors_ND = _vectors(
                encoder,
                tokens,
                table.column(column).to_pylist(),
                lambda here, before=before: shown.update(before + here),  # type: ignore[misc]
            )
            done += len(table)
            lists = pa.FixedSizeListArray.from_arrays(vectors_ND.ravel(), encoder.width)
            yield name, table.append_column(VECTOR, lists)


def run_embed(settings: Embed, console: Console | None = None) -> Place:
    """Write the texts with their vectors.

    Args:
        settings: whose texts, which encoder, where to.
        console: the terminal.

    Returns:
        The folder of the files.

    Raises:
        ValueError: there are no texts, or no such encoder.
    """
    console = console or Console()
    tables = _of_corpus(settings, console) if settings.texts is None else _of_file(settings)
    if not sum(map(len, tables.values())):
        raise ValueError(f"vectors are made of texts, got none in {settings.texts}: name a file")
    encoder = require_encoder(settings.encoder_name)
    check_writable(settings.out)
    names = [f"{name}.parquet" for name in tables]
    with staged_output(settings.out, only=names) as folder:
        folder.mkdir(parents=True, exist_ok=True)
        for name, table in _with_vectors(tables, encoder, settings, console):
            part = Path(folder) / f".{name}.part"
            pq.write_table(table, part, write_page_checksum=True)
            part.rename(folder / f"{name}.parquet")
    texts = count(sum(map(len, tables.values())), "text")
    console.print(f"{texts} as {encoder.width} numbers each, by {encoder.name}", soft_wrap=True)
    if settings.texts is None:
        way = f"--space features --corpus {settings.out} --feature-column {VECTOR}"
        console.print(f"python -m jobs.sweep {way}", highlight=False, soft_wrap=True)
    else:
        console.print(str(child(settings.out, names[0])), highlight=False, soft_wrap=True)
    return settings.out
