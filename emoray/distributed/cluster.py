"""Which Ray a job works on, and what of it a stage holds, as jobs ask for it."""

from dataclasses import dataclass
from typing import Annotated, TypeAlias

from emoray.options import Option


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Which Ray does the work: the one at `address`, else one started here.

    Attributes:
        address: `host:port` or `auto`.
        cpus: processors of a Ray started here; None for all of this machine.
        insecure: accept a Ray that others on the network reach and that asks for no token.
    """

    address: Annotated[
        str | None,
        Option(
            variable="RAY_ADDRESS",
            help="A running Ray to join, host:port or auto.  [default: start one for this run]",
        ),
    ] = None
    cpus: Annotated[
        int | None, Option(least=1, help="CPUs of the Ray started here.  [default: all]")
    ] = None
    insecure: Annotated[
        bool,
        Option(
            names=("--insecure",),
            help="Join a Ray that others reach and that asks nobody for a token.",
        ),
    ] = False

    def __post_init__(self) -> None:
        if self.address:
            from emoray.distributed.address import AUTO, parse_address

            if self.address != AUTO:
                parse_address(self.address)
        if self.address and self.cpus:
            raise ValueError(
                f"cpus are for a Ray started here, got {self.cpus} and the address {self.address}: "
                "leave one of them out"
            )


GpusPerStage: TypeAlias = Annotated[
    float | None,
    Option(
        help="GPUs, or a share of one such as 0.5, that a stage which trains with torch holds; "
        "named, it waits for nodes that have them; 0 for none.  [default: 1 where the cluster has "
        "any]"
    ),
]


def check_share(gpus: float | None, name: str = "gpus_per_stage") -> None:
    """ValueError for what Ray cannot give: a share of one GPU, or whole ones."""
    if gpus is not None and not (0 <= gpus <= 1 or (gpus > 1 and float(gpus).is_integer())):
        raise ValueError(
            f"{name} is a share of one GPU in 0..1, or a whole number of them, got {gpus:g}: "
            "0.5 lets two trainings use one"
        )
