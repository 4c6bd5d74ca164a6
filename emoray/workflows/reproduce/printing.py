"""Output of `jobs.reproduce`, row by row."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
from rich.console import Console

from emoray.console.wording import count, size
from emoray.storage.location import Place
from emoray.tables.terminal import print_titled, table
from emoray.workflows.calibrate_tables import signed_score
from emoray.workflows.reproduce.chain import Chain
from emoray.workflows.reproduce.record import RecordedRun
from emoray.workflows.reproduce.retrain import Retraining
from emoray.workflows.reproduce.verdict import ColumnGroup


def announce_rows(
    console: Console, record: RecordedRun, elsewhere: Sequence[str], tolerance: float
) -> None:
    """Print which rows are reproduced, and how exactly they must agree."""
    rows = f"{len(record.rows)} row{'' if len(record.rows) == 1 else 's'}"
    console.print(f"{rows} of {record.place}", highlight=False, soft_wrap=True)
    if not elsewhere:
        sentence = "the run's processor and versions: every figure must be equal to the last digit"
    else:
        sentence = (
            f"not the run's machine: scores may differ by {tolerance:g}, bytes and hashes not at "
            "all. " + "; ".join(elsewhere)
        )
    console.print(sentence, "", sep="\n", highlight=False, soft_wrap=True)


def _difference(group: ColumnGroup) -> str:
    if group.difference == 0:
        return "none"
    return "other" if np.isinf(group.difference) else f"{group.difference:.2g} in {group.worst}"


def print_row(
    console: Console,
    row: dict[str, Any],
    groups: Sequence[ColumnGroup],
    chain: Chain | None,
    store: Place,
) -> None:
    """Print one row: what was computed again, by group, and the state of its stages.

    Args:
        console: the terminal.
        row: of `points`.
        groups: verdicts on groups of columns.
        chain: the stages; None where they are not checked.
        store: for the message about missing stages.
    """
    made = table(_title(row), "what", "figures", "difference", "verdict", left=1)
    for group in groups:
        verdict = "equal" if group.difference == 0 else "within" if group.holds else "DIFFERS"
        made.add_row(group.name, f"{group.columns}", _difference(group), verdict)
    if chain is None:
        return print_titled(console, made)
    gone = f"{len(chain.gone)} not in the store" if chain.gone else "none"
    bad = f"{len(chain.damaged)} damaged: {', '.join(chain.damaged)}"
    verdict = "DAMAGED" if chain.damaged else "whole" if chain.is_whole else "INCOMPLETE"
    made.add_row("stages", f"{len(chain.whole)}", bad if chain.damaged else gone, verdict)
    print_titled(console, made)
    if chain.gone:
        console.print(
            f"{len(chain.gone)} of its stages {'is' if len(chain.gone) == 1 else 'are'} not in "
            f"{store}: name the run's store with "
            "--store, or leave stages unchecked with --no-stages\n",
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
    return None


def _title(row: dict[str, Any]) -> str:
    decision = f"t={row['temperature']:.3g} {row['threshold_rule']}"
    return f"{row['point']} · {row['recipe']} · {row['scheme']} · {decision}"


def print_refused(console: Console, row: dict[str, Any], error: ValueError) -> None:
    """Print why a row could not be run."""
    console.print(_title(row), style="bold", highlight=False, soft_wrap=True)
    console.print(f"NOT RUN: {error}", "", sep="\n", highlight=False, markup=False, soft_wrap=True)


def print_spread(console: Console, row: dict[str, Any], trained: Sequence[Retraining]) -> None:
    """Print the results of training again, the row's own seed first, then others."""
    made = table(
        "trained anew", "seed", "dev macro-F1", "test macro-F1", "size", "artifact", left=1
    )
    lines = [(f"{row['seed']} in the run", row)]
    lines += [(f"{each.seed}", asdict(each)) for each in trained]
    for name, line in lines:
        same = line["artifact_sha256"] == row["artifact_sha256"]
        made.add_row(
            name,
            f"{line['dev_macro_f1']:.4f}",
            f"{line['test_macro_f1']:.4f}",
            size(line["size_bytes"]),
            "the row's, byte for byte" if same else "another",
        )
    print_titled(console, made)
    scores = np.array([each.test_macro_f1 for each in trained])
    sizes = np.array([each.size_bytes for each in trained])
    if len(trained) > 1:
        console.print(
            f"over {len(trained)} seeds: test macro-F1 {scores.mean():.4f} ± "
            f"{scores.std(ddof=1):.4f}, {int(np.ptp(sizes)):,} bytes from smallest to largest\n",
            highlight=False,
        )
    else:
        moved = trained[0].test_macro_f1 - row["test_macro_f1"]
        console.print(f"test macro-F1 {signed_score(moved)} from the row's\n", highlight=False)


def print_total(console: Console, rows: int, failed: int, *, stages: bool) -> None:
    """Print how many rows were reproduced."""
    unchecked = "" if stages else "; stages were not checked"
    sentence = (
        f"{rows - failed} of {count(rows, 'row')} reproduce{'s' if rows == 1 else ''}{unchecked}"
    )
    console.print(sentence, style="bold", highlight=False)
