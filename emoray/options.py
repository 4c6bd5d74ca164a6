"""An option of a job, declared once, on the field of the settings that it fills.

A field says `layers: Annotated[tuple[int, ...], Option(help="Hidden layers.")] = ()`; the command
line of a job is made of the fields of its settings (`jobs/declared.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """How a command line asks for a field.

    Attributes:
        help: what `--help` says of it, Markdown.
        names: as they are typed, `--field-name` where none is given; a switch with names has no
            `--no-` form.
        argument: its name in the usage line, for one that is given by position.
        least: of a number.
        most: of a number.
        variable: of the environment, read where the option is left out.
    """

    help: str
    names: tuple[str, ...] = ()
    argument: str | None = None
    least: float | None = None
    most: float | None = None
    variable: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A field that is built of several options: those of its own class.

    Attributes:
        only: the fields that this job asks for; all where empty.
        instead: options by field that this job declares differently.
    """

    only: tuple[str, ...] = ()
    instead: Mapping[str, Option] = field(default_factory=dict)
