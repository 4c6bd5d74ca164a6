"""Ways onto a Ray: one of the run's own that nobody else reaches, or one that asks for a token."""

import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest
import ray
from filelock import FileLock
from ray._private import services
from ray.core.generated.gcs_pb2 import GcsNodeInfo
from ray.core.generated.gcs_service_pb2 import GetAllNodeInfoReply

from emoray.distributed import address as address_module
from emoray.distributed.address import (
    Address,
    asks_for_token,
    host_for_others,
    parse_address,
    resolve_address,
)
from emoray.distributed.connection import NICENESS, Cluster, connected
from tests.cluster.head import free_port
from tests.listening import descendants, listening

NICE = 3
MISTAKES = {
    "ray://head:10001": "ray job submit",
    "http://127.0.0.1:8265": "ray job submit",
    "head": "host:port",
    "head:0": "host:port",
    "head:70000": "host:port",
    "head:6379/../x": "host:port",
    "user:secret@head:6379": "host:port",
    "head:6379\n": "host:port",
}


@pytest.mark.parametrize("address", MISTAKES)
def test_what_is_no_address_is_refused_before_anything_starts(address: str) -> None:
    with pytest.raises(ValueError, match=r"a Ray is joined at host:port") as refused:
        Cluster(address=address)
    assert MISTAKES[address] in str(refused.value)


@pytest.mark.parametrize("text", ["127.0.0.1:6379", "localhost:6379", "[::1]:6379", "127.9.9.9:1"])
def test_loopback_is_known_and_written_as_it_was_read(text: str) -> None:
    assert parse_address(text).is_loopback and str(parse_address(text)) == text


@pytest.mark.parametrize(
    ("addresses", "local"),
    [(["127.0.1.1"], True), (["127.0.1.1", "::1"], True), (["127.0.0.1", "10.0.0.5"], False)],
)
def test_a_name_is_loopback_where_all_that_it_stands_for_is(
    monkeypatch: pytest.MonkeyPatch, addresses: list[str], local: bool
) -> None:
    answer = [(0, 0, 0, "", (each, 0)) for each in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: answer)
    assert parse_address("head:6379").is_loopback is local


@pytest.mark.parametrize("text", ["10.0.0.5:6379", "0.0.0.0:6379"])
def test_other_addresses_are_no_loopback(text: str) -> None:
    assert not parse_address(text).is_loopback and str(parse_address(text)) == text


def test_cpus_are_for_a_ray_started_here() -> None:
    with pytest.raises(ValueError, match="cpus are for a Ray started here, got 2 and"):
        Cluster(address="10.0.0.5:6379", cpus=2)


@pytest.fixture
def no_ray_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a job: the session's own Ray, which may run by now, would be taken as it is."""
    monkeypatch.setattr(ray, "is_initialized", lambda: False)


def test_an_address_where_nobody_answers_is_one_clear_line(no_ray_yet: None) -> None:
    address = f"127.0.0.1:{free_port()}"
    with (
        pytest.raises(ValueError, match=f"must answer .* from {address}: check that it runs"),
        connected(Cluster(address=address)),
    ):
        raise AssertionError("joined nothing")


class _LetsAnyoneIn(grpc.GenericRpcHandler):
    """What a Ray without tokens does with a caller: it tells of its nodes."""

    def __init__(self, *nodes: GcsNodeInfo) -> None:
        self.answer = GetAllNodeInfoReply(node_info_list=nodes).SerializeToString()

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        return grpc.unary_unary_rpc_method_handler(lambda request, context: self.answer)


def node(host: str, state: "GcsNodeInfo.GcsNodeState.ValueType" = GcsNodeInfo.ALIVE) -> GcsNodeInfo:
    return GcsNodeInfo(node_manager_address=host, state=state)


@contextmanager
def open_house(*nodes: GcsNodeInfo, on: str = "127.0.0.1") -> Iterator[int]:
    """The port of something that asks nobody for a token."""
    server = grpc.server(futures.ThreadPoolExecutor(1), handlers=[_LetsAnyoneIn(*nodes)])
    port = server.add_insecure_port(f"{on}:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "127.9.9.9", "0.0.0.0"])
def test_a_ray_that_others_reach_without_a_token_is_refused_by_any_name(
    no_ray_yet: None, name: str
) -> None:
    told = r"must ask for a token, the one at {} .*lets anyone in: .*--insecure"
    with open_house(node("127.0.0.1"), node("10.0.0.5"), on="0.0.0.0") as port:
        address = f"{name}:{port}"
        with (
            pytest.raises(ValueError, match=told.format(address)),
            connected(Cluster(address=address)),
        ):
            raise AssertionError("joined an open house")


def test_a_ray_is_known_by_its_nodes_wherever_a_tunnel_to_it_begins() -> None:
    with open_house(node("127.0.0.1"), node("10.0.0.5")) as port:
        assert host_for_others(Address("127.0.0.1", port)) == "10.0.0.5"


def test_a_ray_is_known_by_where_it_listens_whatever_its_nodes_are_called(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """127.0.0.2 stands in for the address of this machine, which may have none."""
    monkeypatch.setattr(services, "node_ip_address_from_perspective", lambda: "127.0.0.2")
    monkeypatch.setattr(address_module, "_is_loopback", lambda host: host == "127.0.0.1")
    with open_house(node("127.0.0.1"), on="0.0.0.0") as port:
        assert host_for_others(Address("127.0.0.1", port)) == "127.0.0.2"
    with open_house(node("127.0.0.1"), on="127.0.0.1") as port:
        assert host_for_others(Address("127.0.0.1", port)) is None


def test_one_on_loopback_alone_is_accepted_without_a_token_and_dead_nodes_count_for_nothing() -> (
    None
):
    with open_house(node("127.0.0.1"), node("10.0.0.5", GcsNodeInfo.DEAD)) as port:
        assert host_for_others(Address("localhost", port)) is None
        assert not asks_for_token(Address("127.0.0.1", port))


def test_a_ray_with_a_token_is_known_by_its_refusal(local_ray: None) -> None:
    head = parse_address(ray.get_runtime_context().gcs_address)
    assert head.is_loopback and asks_for_token(head)
    assert asks_for_token(Address("0.0.0.0", head.port))


@pytest.mark.parametrize(
    ("running", "told"),
    [
        ((), r"got none: start one with `cluster/local.sh up`, or leave --address"),
        (("127.0.0.1:1", "10.0.0.5:2"), r"got 2: name one of 10.0.0.5:2, 127.0.0.1:1 with"),
    ],
)
def test_auto_needs_one_ray_and_names_them_where_there_are_several(
    monkeypatch: pytest.MonkeyPatch, running: tuple[str, ...], told: str
) -> None:
    monkeypatch.setattr(services, "find_gcs_addresses", lambda: frozenset(running))
    with pytest.raises(ValueError, match=told):
        resolve_address("auto")


def test_auto_is_the_ray_that_runs_where_it_listens(monkeypatch: pytest.MonkeyPatch) -> None:
    """On 127.0.0.1 too, where `cluster/local.sh` starts one."""
    monkeypatch.setattr(services, "find_gcs_addresses", lambda: frozenset(["127.0.0.1:6379"]))
    assert resolve_address("auto") == Address("127.0.0.1", 6379)


def test_a_ray_that_cannot_start_is_one_clear_line(tmp_path: Path) -> None:
    far = tmp_path / ("far" * 30)
    far.mkdir()
    script = (
        "from emoray.distributed.connection import Cluster, connected\n"
        "from jobs.console import run_job\n"
        "run_job(lambda: connected(Cluster(cpus=1)).__enter__(), debug=False)"
    )
    said = subprocess.run(
        [sys.executable, "-c", script],
        env=os.environ | {"RAY_TMPDIR": str(far)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert said.returncode == 1
    assert said.stderr.startswith("error: Ray must start and answer, got: ")
    assert len(said.stderr.splitlines()) == 1 and list(far.iterdir()) == []


@dataclass(frozen=True, kw_only=True)
class Held:
    """What a job's own Ray looked like, and how it ended after SIGTERM."""

    hosts: set[str]
    niceness: set[int]
    asks: bool
    folder: Path
    folder_mode: int
    token_mode: int
    code: int
    seconds: float
    said: str
    left: list[int]
    neighbours: set[str]


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be counted does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def port_of_head(pids: list[int]) -> int:
    heads = [p for p in pids if Path(f"/proc/{p}/comm").read_text().strip() == "gcs_server"]
    ((_, port),) = listening(heads)
    return port


def niceness_of(job: int) -> set[int]:
    """Of Ray's workers, once the first of them runs."""
    for _ in range(100):
        family = descendants(job)
        workers = [p for p in family if Path(f"/proc/{p}/comm").read_text().startswith("ray::IDLE")]
        if workers:
            return {os.getpriority(os.PRIO_PROCESS, pid) for pid in workers}
        time.sleep(0.1)
    return set()


@pytest.fixture(scope="module")
def held() -> Held:
    """A job's own Ray where no home can be written and the shell wants no token."""
    base = Path(os.environ["RAY_TMPDIR"]) / "h"  # a short path
    for neighbour in ("emoray-dead", "emoray-live"):
        (base / neighbour).mkdir(parents=True)
        (base / neighbour / "lock").touch()
    before = set(base.iterdir())
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    settings = {"HOME": "/nonexistent", "RAY_TMPDIR": str(base), "RAY_AUTH_MODE": "disabled"}
    settings |= {NICENESS: str(NICE)}
    with (
        FileLock(base / "emoray-live" / "lock"),
        subprocess.Popen(
            [sys.executable, "-m", "tests.distributed.holding"],
            env=kept | settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as job,
    ):
        try:
            assert job.stdout is not None and job.stdout.readline() == "up\n"
            family, (folder,) = descendants(job.pid), set(base.iterdir()) - before
            hosts = {host for host, _ in listening(family)}
            niceness = niceness_of(job.pid)
            asks = asks_for_token(Address("127.0.0.1", port_of_head(family)))
            modes = [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "token")]
            start = time.monotonic()
            job.send_signal(signal.SIGTERM)
            code = job.wait(timeout=60)
            seconds, left = time.monotonic() - start, [pid for pid in family if alive(pid)]
            said = job.stdout.read()
            neighbours = {path.name for path in base.iterdir()}
        finally:
            job.kill()
    return Held(
        hosts=hosts,
        niceness=niceness,
        asks=asks,
        folder=folder,
        folder_mode=modes[0],
        token_mode=modes[1],
        code=code,
        seconds=seconds,
        said=said,
        left=left,
        neighbours=neighbours,
    )


def test_a_ray_started_here_listens_on_this_machine_alone(held: Held) -> None:
    assert held.hosts == {"127.0.0.1"}


def test_a_ray_asks_for_a_token_that_only_its_user_can_read(held: Held) -> None:
    assert held.asks
    assert held.folder_mode == 0o700 and held.token_mode == 0o600


def test_workers_stand_back_as_far_as_the_environment_says(held: Held) -> None:
    assert held.niceness == {os.nice(0) + NICE}  # more than what the tests themselves have


@pytest.mark.parametrize("said", ["-1", "20", "low", "", "²"])
def test_a_niceness_that_is_none_is_refused(
    no_ray_yet: None, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    monkeypatch.setenv(NICENESS, said)
    with (
        pytest.raises(ValueError, match=rf"number in 0\.\.19, got '{said}': {NICENESS}=0 lets"),
        connected(Cluster(cpus=1)),
    ):
        raise AssertionError("started a Ray")


def test_sigterm_ends_it_in_time_with_143_and_leaves_nothing(held: Held) -> None:
    assert held.code == 128 + signal.SIGTERM
    assert held.seconds < 3.0, "`ray job stop` kills after 3 seconds"
    assert "run the same command again to go on" in held.said and "Traceback" not in held.said
    assert held.left == [] and not held.folder.exists()


def test_what_a_killed_run_left_is_removed_and_what_a_living_one_uses_is_not(held: Held) -> None:
    assert held.neighbours == {"emoray-live"}
