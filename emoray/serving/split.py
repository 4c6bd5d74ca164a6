"""Which requests of split traffic the second artifact answers: the same ones everywhere, always."""

import hashlib

from emoray.serving.requests import PredictRequest


def position(key: str, artifact: str) -> float:
    """Where a key stands in [0, 1), for one artifact: no other process and no restart differs.

    The artifact is part of it, so that the keys that try one candidate are not those that try the
    next.

    Args:
        key: of the request.
        artifact: SHA-256 of the artifact that answers a share.

    Returns:
        The first 64 bits of the SHA-256 of `artifact:key`, as a fraction.
    """
    digest = hashlib.sha256(f"{artifact}:{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


def answered_by_split(asked: PredictRequest, artifact: str, share: float) -> bool:
    """Whether that artifact answers a request, whole.

    Without a key the SHA-256 of the text stands for it; of several, that of the texts with a zero
    byte between.

    Returns:
        The same for the same request in every process.
    """
    key = asked.key
    if key is None:
        key = hashlib.sha256("\0".join(asked.texts).encode()).hexdigest()
    return position(key, artifact) < share
