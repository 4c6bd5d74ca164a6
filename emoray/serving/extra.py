"""The packages of the extra `serve`."""

from importlib.util import find_spec

PACKAGES = ("starlette", "uvicorn", "httptools", "prometheus_client")


def require_serve() -> None:
    """Refuse (ValueError) to serve where the extra is not installed."""
    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        raise ValueError(
            f"a service needs the extra serve, {', '.join(missing)} not found: "
            "pip install 'emoray[serve]'"
        )
