"""What of every artifact is integer, as its stage left it said."""

import json

from emoray.tables.finished_rows import CoverageRow
from emoray.workflows.checkpoint_evaluation import CheckpointEvaluation
from emoray.workflows.compress.variants import MadeVariants

COVERAGE = "coverage.txt"


def coverage_rows(evaluation: CheckpointEvaluation, made: MadeVariants) -> list[CoverageRow]:
    """Every artifact's report, line by line; ValueError where not one of them holds a code."""
    rows, codes = [], 0.0
    for name, found in made.variants.items():
        folder = evaluation.store.make(found.compressed).folder
        said = json.loads((folder / "facts.json").read_text())
        codes += said["quantized_bytes_share"]
        shares = (
            f"{said['quantized_bytes_share']:.1%} of the weights' bytes are codes, "
            f"{said['integer_products_share']:.1%} of the multiplications are integer"
        )
        lines = (shares, *(folder / COVERAGE).read_text("utf-8").splitlines())
        rows += [CoverageRow(name=name, number=i, line=s) for i, s in enumerate(lines, start=1)]
    if not codes:
        raise ValueError(
            f"a compression turns weights into codes, got none in {', '.join(made.variants)}: "
            "name another --scheme"
        )
    return rows
