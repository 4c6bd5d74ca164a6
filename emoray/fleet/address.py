"""The address of a Ray to join: is it one, does a Ray answer, does it ask for a token?"""

import ipaddress
import os
import re
from dataclasses import dataclass

import grpc
from ray._private import services

PATIENCE_SECONDS = 10.0
# Any call would do: a Ray that asks for a token refuses it before it reads what is asked.
ASKED = "/ray.rpc.NodeInfoGcsService/CheckAlive"
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Address:
    """Where the head of a Ray answers."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine reaches it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parsed(text: str) -> Address:
    """`host:port` as an address; ValueError for anything else."""
    if "://" in text:
        raise ValueError(
            f"a Ray is joined at host:port or `{AUTO}`, got {text}: where only HTTP is open, hand "
            "the job in with `ray job submit`"
        )
    found = re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})", text)
    if not found or not 0 < int(found[2]) < 2**16:
        raise ValueError(
            f"a Ray is joined at host:port or `{AUTO}`, got {text!r}: write one of these, or leave "
            "--address and RAY_ADDRESS out to start one"
        )
    return Address(found[1].strip("[]"), int(found[2]))


def found(text: str) -> Address:
    """The address meant by `text`; `auto` is the one Ray of this machine."""
    if text != AUTO:
        return parsed(text)
    try:
        return parsed(services.canonicalize_bootstrap_address_or_die(AUTO))
    except ConnectionError as error:
        raise ValueError(f"`{AUTO}` needs one running Ray, got none or several: {error}") from error


def asks_for_token(address: Address) -> bool:
    """Whether the Ray there refuses a caller without a token; ValueError where none answers.

    Found out by calling it without one: what this process is set to says nothing about the other.
    """
    if os.environ.get("RAY_USE_TLS") == "1":  # Ray's TLS lets in certificates it knows, no one else
        return True
    with grpc.insecure_channel(str(address), options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            channel.unary_unary(ASKED)(b"", timeout=PATIENCE_SECONDS)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNAUTHENTICATED:
                return True
            raise ValueError(
                f"a Ray must answer at its address, got {error.code().name.lower()} from "
                f"{address}: check that it runs and can be reached from here"
            ) from error
    return False
