"""Remove TensorFlow's generated sources of the functions that it converted to graphs.

They are in the system's temporary folder until the process exits normally, which workers do not.
"""

import sys
from contextlib import suppress
from pathlib import Path

PREFIX = "__autograph_generated_file"


def drop_generated() -> None:
    """Remove the sources of this process' conversions; they are loaded by now."""
    for name, module in list(sys.modules.items()):
        if name.startswith(PREFIX) and (file := getattr(module, "__file__", None)):
            with suppress(OSError):
                Path(file).unlink(missing_ok=True)
