"""Messages and exit codes of errors: one line with the rule, the value and what to do."""

import errno
import traceback
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

MISTAKE, USAGE, BUG = 1, 2, 70
FULL = {errno.ENOSPC, errno.EFBIG, errno.EDQUOT}  # the disk, the largest file, the user's share
EXTRAS = {
    "bert": {"torch", "transformers", "tokenizers", "safetensors", "huggingface_hub", "onnxscript"},
    "translate": {"sentencepiece", "sacremoses"},
    "hub": {"datasets"},
    "benchmark": {"gensim"},
}
ROOT = Path(__file__).parents[1]
AGAIN = "run the same command again, finished stages are kept"


def _of_os(error: OSError) -> str:
    """Message of a failed system call: our own as it is, else rule, file and what to do."""
    if error.errno in FULL:
        return f"{error}; free space and {AGAIN}"
    if error.filename is None or error.strerror is None:
        return str(error)
    reason = f"{error.strerror[:1].lower()}{error.strerror[1:]}"
    return (
        f"files and folders must be usable, {error.filename} is not ({reason}): check path and "
        "rights"
    )


def _of_import(error: ImportError) -> str:
    """Which package is missing, and the extra that brings it."""
    package = (error.name or "").partition(".")[0]
    extra = next((name for name, packages in EXTRAS.items() if package in packages), None)
    remedy = f'pip install --editable ".[{extra}]"' if extra else "install emoray anew"
    return f"this job needs the package {package or error}, which cannot be imported: {remedy}"


def _of_ray(error: Exception) -> str:
    """Message of what Ray lost: a node, an actor, memory."""
    first = (str(error).strip().splitlines() or [""])[0].rstrip(".: ")
    return f"Ray must answer, got {type(error).__name__} ({first}): {AGAIN}"


def _of_bug(error: Exception) -> str:
    """Message of a bug, with the place in our own code, for a report."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [
        f for f in frames if Path(f.filename).is_relative_to(ROOT) and ".venv" not in f.filename
    ]
    at = f" in {Path(ours[-1].filename).name} line {ours[-1].lineno}" if ours else ""
    what = f"{type(error).__name__}: {error}".rstrip(".: ")
    return (
        f"this is a bug of emoray, not a mistake of yours ({what}{at}): run the same command with "
        "--debug and report what it shows; finished stages are kept"
    )


def _is_rays(error: Exception) -> bool:
    return any(kind.__module__.startswith("ray.exceptions") for kind in type(error).__mro__)


def _is_ours(module: str | None) -> bool:
    return (module or "").partition(".")[0] in ("emoray", "jobs")


def in_words(error: Exception) -> tuple[str, int]:
    """Describe an error of a job.

    Args:
        error: ValueError, OSError, a missing package and what Ray lost are for the user to fix;
            all others are bugs.

    Returns:
        One sentence, and the exit code: 1 for the former, 70 for bugs.
    """
    if _is_rays(error):
        cause = getattr(error, "cause", None)
        if isinstance(cause, Exception) and not _is_rays(cause):
            return in_words(cause)  # raised in an actor, which only carries it here
        return _of_ray(error), MISTAKE
    if isinstance(error, ImportError) and not _is_ours(error.name):
        return _of_import(error), MISTAKE
    if isinstance(error, OSError):
        return _of_os(error), MISTAKE
    if isinstance(error, ValueError):
        return str(error), MISTAKE
    return _of_bug(error), BUG


def usage_in_words(message: str, names: Sequence[str], args: Sequence[str], program: str) -> str:
    """Complete a message of the command line's parser with the value given for the option."""
    given = [
        value if equals else follows
        for word, follows in pairwise([*args, ""])
        for name, equals, value in [word.partition("=")]
        if name in names
    ]
    message = message.strip().rstrip(".").replace(": Input should", ": it should")
    got = f", got {given[-1]!r}" if given and given[-1] else ""
    return f"{message[:1].lower()}{message[1:]}{got}: `{program} --help` names every option"
