"""How every job ends: 0 when done, 1 with one clear line for a user's mistake, 130 when stopped."""

import sys
from collections.abc import Callable


def run_job(work: Callable[[], None], *, debug: bool) -> None:
    """Run `work`; a ValueError is the caller's mistake and is said without a traceback."""
    try:
        work()
    except KeyboardInterrupt:
        print(
            "\nstopped. Finished stages are kept: run the same command again to go on.",
            file=sys.stderr,
        )
        raise SystemExit(130) from None
    except (ValueError, OSError) as error:
        if debug:
            raise
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None
