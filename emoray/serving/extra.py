"""The packages of the extras `serve` and `serve-ray`."""

from importlib.util import find_spec

PACKAGES = ("starlette", "uvicorn", "httptools", "prometheus_client")
ON_RAY = ("ray", "fastapi", "starlette", "prometheus_client")  # fastapi: what Ray Serve imports


def require_serve() -> None:
    """Refuse (ValueError) to serve where the extra is not installed."""
    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        raise ValueError(
            f"a service needs the extra serve, {', '.join(missing)} not found: "
            "pip install 'emoray[serve]'"
        )


def require_ray_serve() -> None:
    """Refuse (ValueError) a deployment where Ray Serve is not installed."""
    if missing := [name for name in ON_RAY if find_spec(name) is None]:
        raise ValueError(
            f"a deployment on Ray needs the extra serve-ray, {', '.join(missing)} not found: "
            "pip install 'emoray[serve-ray]'"
        )
