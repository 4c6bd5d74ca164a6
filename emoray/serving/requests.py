"""What a request asks for: JSON to texts, or why not."""

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from emoray.serving.settings import RequestLimits

FIELDS = ("text", "texts", "logits", "key")


class RefusedError(Exception):
    """A request that cannot be answered: an HTTP status and one sentence."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status, self.reason = status, reason


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictRequest:
    """Texts to classify.

    Attributes:
        texts: at least one.
        logits: send them too.
        key: what traffic is split by, such as a user.
        id: in the log the rows of all models that scored these texts have it in common.
    """

    texts: list[str]
    logits: bool = False
    key: str | None = None
    id: str = field(default_factory=lambda: uuid.uuid4().hex)


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 40 else f"{text[:40]}…"


def _object(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except UnicodeDecodeError as error:
        raise RefusedError(
            400, f"a body is UTF-8, got the byte 0x{body[error.start]:02x} at {error.start}"
        ) from None
    except RecursionError:
        raise RefusedError(400, "a body is one JSON object, got one nested too deep") from None
    except ValueError as error:
        raise RefusedError(400, f"a body is one JSON object, got {str(error)[:80]}") from None
    if not isinstance(found, dict):
        raise RefusedError(422, f"a body is a JSON object, got {_shown(found)}")
    return found


def _check_text(text: Any, place: str, limits: RequestLimits) -> str:
    if not isinstance(text, str):
        raise RefusedError(422, f"{place} is a string, got {_shown(text)}")
    if len(text) > limits.characters:
        raise RefusedError(
            422,
            f"{place} has at most {limits.characters:,} characters, got {len(text):,}: cut it",
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise RefusedError(
            422, f"{place} is Unicode text, got half of a surrogate pair at {error.start}"
        ) from None
    return text


def parse(body: bytes, limits: RequestLimits) -> PredictRequest:
    """The request in a body.

    Args:
        body: `{"text": "…"}` or `{"texts": ["…", …]}`, with `logits` and `key` where wanted.
        limits: of texts and characters.

    Returns:
        The request, which has at least one text.

    Raises:
        RefusedError: no JSON object (400), or another than this (422).
    """
    found = _object(body)
    if strange := [name for name in found if name not in FIELDS]:
        raise RefusedError(
            422, f"a request has {', '.join(FIELDS)}, got {_shown(strange[0])}: leave it out"
        )
    if ("text" in found) == ("texts" in found):
        raise RefusedError(422, 'a request has either "text" or "texts": send one of them')
    texts = [found["text"]] if "text" in found else found["texts"]
    if not isinstance(texts, list) or not texts:
        raise RefusedError(422, f"texts are a list of at least one string, got {_shown(texts)}")
    if len(texts) > limits.texts:
        raise RefusedError(
            422, f"a request has at most {limits.texts:,} texts, got {len(texts):,}: send fewer"
        )
    for i, text in enumerate(texts):
        _check_text(text, "text" if "text" in found else f"texts[{i}]", limits)
    logits, key = found.get("logits", False), found.get("key")
    if not isinstance(logits, bool):
        raise RefusedError(422, f"logits is true or false, got {_shown(logits)}")
    if key is not None:
        _check_text(key, "key", limits)
    return PredictRequest(texts=texts, logits=logits, key=key)
