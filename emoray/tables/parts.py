"""Where a run's tables lie: one part per trial and table while it runs.

`<run>/_parts/<token>/<table>/<part>.parquet`, merged into `<run>/<table>.parquet` by `compact`.
Every start of a run has a token of its own, and only the parts of the last start count: what
processes of a killed start still write lies under a token that is no longer read. Everything in a
run's folder that is no table starts with `_` or is `report.html`, `figures/` or `artifacts/`.
"""

import os
import shutil
import uuid
from collections.abc import Sequence
from pathlib import Path

from emoray.storage.location import Place
from emoray.storage.names import RUN, RUN_IS, shown
from emoray.storage.objects import DamagedError
from emoray.storage.parallel import in_parallel
from emoray.storage.s3 import S3Folder
from emoray.tables.files import P, Rows, clear_half_written, copy_table, write_table
from emoray.tables.point_rows import MeasuredPointRow
from emoray.tables.rows import TABLES

PARTS = "_parts"
TOKEN = "_token"  # in `_parts`: names the start whose parts count; none: those without a token
FAILURES = "failures"
ID_LACKS = 16  # digits of a stage's key
RUNS = "runs"  # every start keeps its row: these parts lie next to the tokens

# What names a row: parts may repeat a row, the compacted table holds it once.
KEYS: dict[str, tuple[str, ...]] = {
    "points": ("point",),
    "repeats": ("corpus", "taxonomy", "recipe", "scheme", "temperature", "threshold_rule"),
    "labels": ("point", "label"),
    "layers": ("model", "layer"),
    "surface": ("model", "temperature", "threshold"),
    "reliability": ("model", "temperature", "bin_low"),
    "trainings": ("training_id", "epoch"),
    "pruning": ("training_id", "pruning", "layer", "part", "number"),
    "members": ("point", "member"),
    "taxonomies": ("corpus", "taxonomy"),
    "derivations": ("point",),
    "taxonomy_comparisons": ("taxonomy", "before", "after", "scheme", "threshold_rule"),
    "comparisons": ("before", "after", "thresholds"),
    "label_changes": ("before", "after", "thresholds", "label"),
    "predictions": ("model", "text"),
    "texts": ("corpus", "taxonomy", "text"),
    "specs": ("model",),
    "augmentations": ("augmentation", "source_id"),
    "transfer_texts": ("transfer", "way"),
    "study": ("study", "trial"),
    "importances": ("study", "objective", "parameter"),
    "latency": ("model", "beside", "threads", "turn", "text"),
    "failures": ("trial", "stage", "error"),
    "runs": ("run", "started"),
}


def row_class_of(table: str) -> type:
    """The row class of a table, by name."""
    if table not in TABLES:
        raise ValueError(f"a table is one of {', '.join(TABLES)}, got {table!r}: name one of these")
    return TABLES[table]


def part_class_of(table: str) -> type:
    """The row class of a table's parts, by name: of points it is what their stages know."""
    return MeasuredPointRow if table == "points" else row_class_of(table)


def table_path(run_folder: P, table: str) -> P:
    """Where the compacted table lies."""
    row_class_of(table)
    return run_folder / f"{table}.parquet"


def begin(run_folder: Place) -> str:
    """Begin a start of the run. The caller holds the run's lock.

    The parts of all starts before it are dropped, and do not count even if written later.

    Args:
        run_folder: of the run.

    Returns:
        The start's token.
    """
    token = f"start-{uuid.uuid4().hex[:16]}"
    parts = run_folder / PARTS
    if isinstance(parts, S3Folder):
        parts.delete([name for name in parts.names() if not name.startswith(f"{RUNS}/")])
        parts.write(TOKEN, token.encode())
        return token
    (parts / RUNS).mkdir(parents=True, exist_ok=True)
    for path in parts.iterdir():
        if path.is_dir() and path.name != RUNS:
            shutil.rmtree(path, ignore_errors=True)
    for folder in (parts.parent, parts / RUNS):
        clear_half_written(folder)
    for page in parts.parent.glob("_report.html.*"):  # that a killed process was writing
        page.unlink(missing_ok=True)
    aside = parts / f".{TOKEN}"
    aside.write_text(token)
    aside.replace(parts / TOKEN)
    return token


def current_token(run_folder: Place) -> str:
    """The token of the run's last start; empty where no start has begun."""
    parts = run_folder / PARTS
    if isinstance(parts, S3Folder):
        found = parts.find(TOKEN)
        content = found.content if found else b""
    else:
        content = (parts / TOKEN).read_bytes() if (parts / TOKEN).is_file() else b""
    token = content.decode(errors="replace")
    return token if RUN.fullmatch(token) else ""  # it becomes part of a path


def _parts_of(run_folder: P, table: str, token: str | None) -> P:
    """The folder of a table's parts under a start's token; None for the last start's."""
    row_class_of(table)
    token = current_token(run_folder) if token is None else token
    parts = run_folder / PARTS
    return parts / table if table == RUNS or not token else parts / token / table


def part_path(run_folder: P, table: str, part: str, token: str | None = None) -> P:
    """Where the part lies, written or not."""
    row_class_of(table)
    if not RUN.fullmatch(part):
        raise ValueError(f"a part's name is {RUN_IS}, got {shown(part)}: use the trial's id")
    return _parts_of(run_folder, table, token) / f"{part}.parquet"


def write_part(rows: Rows, run_folder: P, table: str, part: str, token: str | None = None) -> P:
    """Write one trial's rows of one table; the same part written again replaces itself.

    Args:
        rows: of the table.
        run_folder: of the run.
        table: its name.
        part: the part's name.
        token: of the start that writes; None only where no other start can have begun.

    Returns:
        Where the part lies.
    """
    return write_table(rows, part_path(run_folder, table, part, token), part_class_of(table))


def copy_part(source: Path, run_folder: P, table: str, part: str, token: str | None = None) -> P:
    """Copy a finished table at `source`, byte by byte, to a part of the run, as `write_part`."""
    return copy_table(source, part_path(run_folder, table, part, token))


def _files(run_folder: P, table: str, token: str | None) -> Sequence[P]:
    folder = _parts_of(run_folder, table, token)
    if isinstance(folder, S3Folder):
        return [folder / name for name in folder.names() if name.endswith(".parquet")]
    names = os.listdir(folder) if folder.is_dir() else []  # paths would take ten times as long
    return [folder / n for n in sorted(names) if n.endswith(".parquet") and n[0] != "."]


def part_files(run_folder: P, table: str, token: str | None = None) -> Sequence[P]:
    """List the parts of a table by name.

    Half-written files, which start with a dot, are no parts. A failure of a stage that was made
    after all, and has rows, does not count: it may have been requested again.

    Args:
        run_folder: of the run.
        table: its name.
        token: of a start; None for the last one.

    Returns:
        Their places.
    """
    files = _files(run_folder, table, token)
    if table != FAILURES or not files:
        return files
    token = current_token(run_folder) if token is None else token
    others = set(TABLES) - {RUNS, FAILURES}
    # Rows lie under a stage's key, failures under its id: a key without its last digits.
    made = {p.stem[:-ID_LACKS] for other in others for p in _files(run_folder, other, token)}
    return [path for path in files if path.stem not in made]


def drop_part(run_folder: Place, part: Path) -> None:
    """Delete the part at `part`, or the part of the run of which `part` is a local copy."""
    part.unlink(missing_ok=True)
    if isinstance(run_folder, S3Folder):
        _parts_of(run_folder, part.parent.name, None).delete([part.name])


def gather(run_folder: Place, folder: Path, *, drop_damaged: bool) -> None:
    """Download the parts of a run in a bucket to a local folder, to be merged there.

    Nothing is done for a local run. ValueError for a damaged part.

    Args:
        run_folder: of the run.
        folder: the local one.
        drop_damaged: delete a damaged part, which the next start then makes again. Who only reads
            the run leaves it.
    """
    if not isinstance(run_folder, S3Folder):
        return
    parts, token = run_folder / PARTS, current_token(run_folder)
    ours = f"{token}/" if token else ""
    shutil.rmtree(folder / PARTS, ignore_errors=True)

    def bring(name: str) -> None:
        try:
            parts.download(name, folder / PARTS / name.removeprefix(ours))
        except DamagedError as error:
            if drop_damaged:
                parts.delete([name])
            raise ValueError(
                f"parts of tables must be whole, got a damaged {name} in {parts}: run the same "
                f"{'command' if drop_damaged else 'sweep'} again, it makes it anew from the store"
            ) from error

    in_parallel(bring, [name for name in parts.names() if name.startswith((ours, f"{RUNS}/"))])
