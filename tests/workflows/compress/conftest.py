from pathlib import Path

import pytest
from rich.console import Console

from emoray.tables.files import read_table
from emoray.tables.finished_rows import CompressionRow
from emoray.workflows.compress.compress import run_compress
from emoray.workflows.settings.compress import Compression
from tests.workflows.checkpoints import SHORT


@pytest.fixture(scope="session")
def compression(model: Path, tmp_path_factory: pytest.TempPathFactory) -> Compression:
    """Three schemes, run once on the embedded sample."""
    out = tmp_path_factory.mktemp("compress") / "out"
    settings = Compression(
        model=model,
        schemes=("int8", "int4", "adaptive4"),
        out=out,
        threads=1,
        max_tokens=24,
        download=False,
        plan=SHORT,
    )
    with (out.parent / "said.txt").open("w") as file:
        run_compress(settings, Console(file=file, width=200))
    return settings


@pytest.fixture
def rows(compression: Compression) -> dict[str, CompressionRow]:
    """The rows of `compression` by name."""
    found = read_table(compression.lands.place / "compression.parquet", CompressionRow).to_pylist()
    return {row["name"]: CompressionRow(**row) for row in found}
