"""The address of a Ray to join: its form, who can reach it, whether it asks for a token."""

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
    """Host and port of a Ray head."""

    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether it leads to this machine and no other could use it. Names are looked up."""
        return _is_loopback(self.host)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_address(text: str) -> Address:
    """Parse `host:port`; ValueError for anything else."""
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


def resolve_address(text: str) -> Address:
    """Resolve an address; `auto` is the one Ray of this machine, ValueError for none or several."""
    if text != AUTO:
        return parse_address(text)
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
    return parse_address(running[0])


def _node_info(address: Address) -> bytes | None:
    """Ask a Ray for its nodes without a token.

    Returns:
        The serialised reply; None where it asks for a token.

    Raises:
        ValueError: no Ray replies there.
    """
    with grpc.insecure_channel(str(address), options=[("grpc.enable_http_proxy", 0)]) as channel:
        try:
            reply: bytes = channel.unary_unary(ASKED)(b"", timeout=PATIENCE_SECONDS)
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNAUTHENTICATED:
                return None
            raise ValueError(
                f"a Ray must answer at its address, got {error.code().name.lower()} from "
                f"{address}: check that it runs and can be reached from here"
            ) from error
    return reply


def asks_for_token(address: Address) -> bool:
    """Whether the Ray there refuses a caller without a token.

    Found out by calling it without one: the settings of this process say nothing about the other.
    ValueError where none replies.

    Returns:
        True also where Ray's TLS is on, which admits known certificates only.
    """
    if os.environ.get("RAY_USE_TLS") == "1":  # Ray's TLS lets in certificates it knows, no one else
        return True
    return _node_info(address) is None


def _hosts(address: Address) -> Iterator[str]:
    """Addresses of an open Ray: as named, its nodes', this machine's own."""
    yield address.host
    for node in GetAllNodeInfoReply.FromString(_node_info(address) or b"").node_info_list:
        if node.state == GcsNodeInfo.ALIVE:
            yield node.node_manager_address
    here = services.node_ip_address_from_perspective()
    with suppress(ValueError):  # no Ray replies there
        if not asks_for_token(Address(here, address.port)):
            yield here


def host_for_others(address: Address) -> str | None:
    """Where other machines reach an open Ray, under any of its names; None where they cannot."""
    return next((host for host in _hosts(address) if not _is_loopback(host)), None)
