"""The address of a Ray to join: is it one, does a Ray answer, who reaches it, does it ask for a
token?"""

import ipaddress
import os
import re
import socket
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import grpc
from ray._private import services
from ray.core.generated.gcs_pb2 import GcsNodeInfo
from ray.core.generated.gcs_service_pb2 import GetAllNodeInfoReply

PATIENCE_SECONDS = 10.0
# A Ray that asks for a token refuses any call before it reads what is asked.
ASKED = "/ray.rpc.NodeInfoGcsService/GetAllNodeInfo"
AUTO = "auto"


def _is_loopback(host: str) -> bool:
    """Whether an address, or every address that a name stands for, leads to this machine alone."""
    try:
        found = {str(each[4][0]) for each in socket.getaddrinfo(host, None)}
    except OSError:
        return False
    return all(ipaddress.ip_address(each.partition("%")[0]).is_loopback for each in found)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the head of a Ray answers."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether it leads to this machine and no other could use it. Names are looked up."""
        return _is_loopback(self.host)

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
    # Ray's own look-up would take one on 127.0.0.1 for one at the address that others use.
    running = sorted(services.find_gcs_addresses())
    if not running:
        raise ValueError(
            f"`{AUTO}` needs one running Ray, got none: start one with `cluster/local.sh up`, or "
            "leave --address and RAY_ADDRESS out to start one for this run"
        )
    if len(running) > 1:
        raise ValueError(
            f"`{AUTO}` needs one running Ray, got {len(running)}: name one of "
            f"{', '.join(running)} with --address"
        )
    return parsed(running[0])


def _answer(address: Address) -> bytes | None:
    """What a Ray tells a caller without a token of its nodes, None where it asks for one.

    ValueError where none answers.
    """
    with grpc.insecure_channel(str(address), options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            answer: bytes = channel.unary_unary(ASKED)(b"", timeout=PATIENCE_SECONDS)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNAUTHENTICATED:
                return None
            raise ValueError(
                f"a Ray must answer at its address, got {error.code().name.lower()} from "
                f"{address}: check that it runs and can be reached from here"
            ) from error
    return answer


def asks_for_token(address: Address) -> bool:
    """Whether the Ray there refuses a caller without a token; ValueError where none answers.

    Found out by calling it without one: what this process is set to says nothing about the other.
    """
    if os.environ.get("RAY_USE_TLS") == "1":  # Ray's TLS lets in certificates it knows, no one else
        return True
    return _answer(address) is None


def _hosts(address: Address) -> Iterator[str]:
    """By which addresses an open Ray is reached: as named, its nodes', this machine's own."""
    yield address.host
    for node in GetAllNodeInfoReply.FromString(_answer(address) or b"").node_info_list:
        if node.state == GcsNodeInfo.ALIVE:
            yield node.node_manager_address
    here = services.node_ip_address_from_perspective()
    with suppress(ValueError):  # nobody answers there
        if not asks_for_token(Address(here, address.port)):
            yield here


def host_for_others(address: Address) -> str | None:
    """Where other machines reach an open Ray, by whatever name it was found here; None where they
    do not."""
    return next((host for host in _hosts(address) if not _is_loopback(host)), None)
