"""The same service as a deployment of Ray Serve, for those who have a Ray cluster.

`serve run emoray.serving.on_ray:deployment artifact=/models/my-model threads=2`: options are those
of `jobs.serve`. Ray routes, restarts and scales; address, port and draining are Ray's too.
"""

import argparse
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, NoReturn

from starlette.types import ASGIApp

from emoray.options import filled
from emoray.serving.__main__ import add_options
from emoray.serving.app import application
from emoray.serving.extra import require_ray_serve
from emoray.serving.service import Running
from emoray.serving.settings import Service

RAYS_OWN = ("host", "port", "drain")


class _Options(argparse.ArgumentParser):
    """Raises what is wrong, as nobody has typed it."""

    def error(self, message: str) -> NoReturn:
        raise ValueError(f"a deployment takes the options of jobs.serve, got {message}")


def _words(asked: Mapping[str, Any]) -> Iterator[str]:
    for name, value in asked.items():
        if name.replace("_", "-") in RAYS_OWN:
            raise ValueError(
                f"{name} of a service on Ray is Ray's own, got {value}: leave it out, and set it "
                "with `serve start` or in the deployment's options"
            )
        if name == "artifact":
            yield str(value)
        elif str(value).lower() == "true":
            yield f"--{name.replace('_', '-')}"
        elif str(value).lower() != "false":
            yield f"--{name.replace('_', '-')}={value}"


def service_of(asked: Mapping[str, Any]) -> Service:
    """The settings of a service, of options by name.

    Args:
        asked: `artifact` and any other option of `jobs.serve`, such as `max_texts`.

    Returns:
        The settings; one thread where nobody asks for more, as Ray starts replicas. An unknown
        option, and a value that none has, are a ValueError.
    """
    found = filled(
        Service, vars(add_options(_Options(add_help=False)).parse_args([*_words(asked)]))
    )
    return replace(found, threads=found.threads or 1)


def deployment(asked: Mapping[str, Any]) -> Any:
    """Build the application that `serve run`, `serve.run` and a Serve config deploy.

    Args:
        asked: options of `jobs.serve` by name.

    Returns:
        The bound deployment; each replica holds a processor for each of its threads. Wrong options
        and a missing Ray Serve are a ValueError.
    """
    require_ray_serve()
    from ray import serve

    service = service_of(asked)

    def build() -> ASGIApp:
        return application(Running(service), wait=True)

    replicas = serve.deployment(
        serve.ingress(build)(), name="emoray", ray_actor_options={"num_cpus": service.threads}
    )
    return replicas.bind()
