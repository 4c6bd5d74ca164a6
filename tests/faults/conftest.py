"""A ledger of what each fault cost."""

from collections.abc import Callable
from typing import TypeAlias

import pytest

from tests.faults.tolls import NOTHING, Toll

Ledger: TypeAlias = Callable[[str, int, Toll], None]
COSTS: dict[str, tuple[int, Toll]] = {}


@pytest.fixture
def ledger() -> Ledger:
    """Notes: this fault, tried so often, cost that. Printed at the end of `make faults`."""

    def note(fault: str, tries: int, cost: Toll) -> None:
        before, costs = COSTS.get(fault, (0, NOTHING))
        COSTS[fault] = (before + tries, costs + cost)
        assert (cost.lost, cost.doubled) == (0, 0), f"{fault}: {cost}"

    return note


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if COSTS and terminalreporter.config.option.markexpr != "not faults":
        terminalreporter.section("what each fault cost")
        terminalreporter.write_line("| fault | tries | lost rows | doubled rows | begun again |")
        terminalreporter.write_line("| --- | --- | --- | --- | --- |")
        for fault, (tries, cost) in COSTS.items():
            terminalreporter.write_line(
                f"| {fault} | {tries} | {cost.lost} | {cost.doubled} "
                f"| {cost.again} of {cost.stages} |"
            )
