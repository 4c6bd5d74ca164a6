"""What every page needs: the drawing code, data that may stand in a script, a whole file."""

import json
import os
import subprocess
import sys
import uuid
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

BUNDLE = "import sys, vl_convert; sys.stdout.buffer.write(vl_convert.javascript_bundle().encode())"


def script_safe(value: Any) -> str:
    """JSON that may stand inside a script element."""
    return json.dumps(value, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def write_page(text: str, path: Path) -> Path:
    """Write a page whole or not at all; return its path."""
    aside = path.with_name(f"_{path.name}.{uuid.uuid4().hex}")
    try:
        aside.write_text(text, "utf-8")
        os.replace(aside, path)
    finally:
        aside.unlink(missing_ok=True)
    return path


@cache
def drawing_code() -> Future[str]:
    """Vega as one script: seconds of work that hold the interpreter, so another process does it."""

    def bundle() -> str:
        made = subprocess.run([sys.executable, "-c", BUNDLE], stdout=subprocess.PIPE, check=True)
        return made.stdout.decode()

    with_one = ThreadPoolExecutor(1)
    bundling = with_one.submit(bundle)
    with_one.shutdown(wait=False)
    return bundling


def in_script(drawing: Future[str]) -> str:
    """The drawing code, once it is there, as it may stand inside a script element."""
    return drawing.result().replace("</script", "<\\/script")
