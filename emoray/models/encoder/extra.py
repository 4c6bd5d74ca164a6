"""Packages that the family needs beyond a plain installation."""

from importlib.util import find_spec

NEEDED = ("torch", "transformers", "tokenizers", "safetensors")


def require_bert() -> None:
    """Refuse an installation without the extra `bert`."""
    if missing := [name for name in NEEDED if find_spec(name) is None]:
        raise ValueError(
            f"encoders and QAT need {', '.join(NEEDED)}, got no {', '.join(missing)}: "
            "pip install 'emoray[bert]', or make sweep SPACE=bert, which does it"
        )
