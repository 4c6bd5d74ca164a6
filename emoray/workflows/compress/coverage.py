"""Rows of what is integer in every artifact, from the reports of its stage."""

import json

from emoray.tables.finished_rows import CoverageRow
from emoray.workflows.compress.variants import CompressionContext, MadeVariants

COVERAGE = "coverage.txt"


def coverage_rows(context: CompressionContext, made: MadeVariants) -> list[CoverageRow]:
    """Rows of every artifact's report, line by line; ValueError where none holds a code."""
    rows, codes = [], 0.0
    for name, found in made.variants.items():
        folder = context.store.make(found.compressed).folder
        facts = json.loads((folder / "facts.json").read_text())
        codes += facts["quantized_bytes_share"]
        shares = (
            f"{facts['quantized_bytes_share']:.1%} of the weights' bytes are codes, "
            f"{facts['integer_products_share']:.1%} of the multiplications are integer"
        )
        lines = (shares, *(folder / COVERAGE).read_text("utf-8").splitlines())
        rows += [CoverageRow(name=name, number=i, line=s) for i, s in enumerate(lines, start=1)]
    if not codes:
        raise ValueError(
            f"a compression turns weights into codes, got none in {', '.join(made.variants)}: "
            "name another --scheme"
        )
    return rows
