"""What every test stands on: a home, a cache and a Ray of its own, nothing of the user's."""

import os
import re
import secrets
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from emoray.storage.s3 import S3Folder
from tests.canaries import CANARIES
from tests.storage.server import BUCKET, Server

if TYPE_CHECKING:  # what a test does not ask for is not imported: most tests need none of it
    from xdist.remote import Producer
    from xdist.scheduler import LoadFileScheduling

    from emoray.stages.artifact_scoring import ArtifactEvaluation
    from emoray.stages.spec import Data
    from emoray.workflows.calibration import Calibrated
    from tests.data.web import Web
    from tests.runs import Run
    from tests.stages.chain import Chain

ROOT = Path(__file__).parent.parent
SERVER = Server()  # of S3: started when a test asks for it, at an address that all processes know


def _own_home() -> Path:
    """A home of the tests' own, and an environment in which nothing points elsewhere."""
    home = Path(tempfile.mkdtemp(prefix="emoray-", dir="/tmp"))  # Ray's sockets need short paths
    token = home / "token"
    token.touch(mode=0o600)
    token.write_text(secrets.token_hex(32))
    for name in ("RAY_ADDRESS", "RAY_AUTH_TOKEN", "PYTHONDONTWRITEBYTECODE"):
        os.environ.pop(name, None)  # the last: hundreds of processes read this code, one compiles
    sys.dont_write_bytecode = False
    os.environ |= {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "KERAS_HOME": str(home / "keras"),
        "PYTHONPATH": str(ROOT),  # workers and jobs find emoray wherever they start
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(token),
        "RAY_TMPDIR": str(home),
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        "RAY_worker_niceness": "0",  # other tests run beside them
        "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",
        "CUDA_VISIBLE_DEVICES": "-1",
        "OMP_NUM_THREADS": "1",
        "COLUMNS": "200",
    }
    os.environ |= SERVER.environment | CANARIES
    return home


# On import, because Ray and Keras read the environment when they are imported: this file is first.
HOME = _own_home()


@cache
def shared_run(file: str) -> str:
    """What tests of a file share that takes long to make: the run of `smoke`, a Ray, or nothing."""
    text = (ROOT / file).read_text("utf-8")
    if re.search(r"\bsmoke: \"?Run\b", text):
        return "smoke"
    return "Ray" if re.search(r"\bmixed: Run\b|\blocal_ray: None|\"local_ray\"", text) else ""


def file_of(nodeid: str) -> str:
    return nodeid.split("::", 1)[0]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What shares a run or a Ray comes first: it lasts longest."""
    items.sort(key=lambda item: ("smoke", "Ray", "").index(shared_run(file_of(item.nodeid))))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: "Producer") -> "LoadFileScheduling":
    """Of several processes (`pytest -n 2`) each takes whole files, and all that share a run."""
    from xdist.scheduler import LoadFileScheduling

    class BySharedRun(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return shared_run(file_of(nodeid)) or file_of(nodeid)

    config.option.loadscopereorder = False
    return BySharedRun(config, log)


def pytest_unconfigure(config: pytest.Config) -> None:
    shutil.rmtree(HOME, ignore_errors=True)


@pytest.fixture
def no_data(monkeypatch: pytest.MonkeyPatch) -> None:
    """The embedded sample, whatever the shell says."""
    monkeypatch.delenv("EMORAY_DATA", raising=False)


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Server]:
    """The one S3 server of the session, with an empty bucket."""
    SERVER.start(HOME / "s3")
    yield SERVER
    SERVER.stop()


@pytest.fixture
def s3(s3_server: Server) -> S3Folder:
    """A folder of the test's own in the server's bucket."""
    return S3Folder(BUCKET, f"tests/{secrets.token_hex(6)}")


@pytest.fixture
def web(monkeypatch: pytest.MonkeyPatch) -> Iterator["Web"]:
    """A web server of the test's own; no download outlives the test."""
    from tests.data.web import Server, Web

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    web = Web(url="")
    server = Server(web)
    web.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield web
    web.stop.set()
    server.shutdown()
    server.server_close()
    thread.join()
    deadline = time.monotonic() + 5
    while any(t.name == "emoray-download" for t in threading.enumerate()):
        assert time.monotonic() < deadline, "a download outlived its test"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def equal_pictures_are_drawn_once() -> Iterator[None]:
    """A run that is swept again has the charts that it had, and a picture is its chart's alone."""
    import vl_convert

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vl_convert, "vegalite_to_png", cache(vl_convert.vegalite_to_png))
        yield


@pytest.fixture(scope="session")
def local_ray(equal_pictures_are_drawn_once: None) -> Iterator[None]:
    """The one Ray of the session: two processors, a folder of its own.

    It keeps idle workers: each that has loaded TensorFlow once is worth many seconds.
    """
    from emoray.distributed.connection import Cluster, connected

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_idle_worker_killing_time_threshold_ms", str(24 * 3600 * 1000))
        with connected(Cluster(cpus=2)):
            yield


@pytest.fixture(scope="session")
def smoke(local_ray: None, tmp_path_factory: pytest.TempPathFactory) -> "Run":
    """The space `smoke`, swept once. Tests may sweep it again but must change nothing in it."""
    from emoray.workflows.settings.sweep import Sweep
    from tests.runs import swept

    out = tmp_path_factory.mktemp("smoke") / "out"
    return swept(Sweep(space="smoke", out=out, download=False))


@pytest.fixture(scope="session")
def mixed(local_ray: None, tmp_path_factory: pytest.TempPathFactory) -> "Run":
    """A training that diverges and one that does not, on a corpus of one's own: `parcels.csv`, 60
    texts of three labels or none."""
    from emoray.data.importing.settings import CorpusSource
    from emoray.search import spaces
    from emoray.workflows.settings.sweep import Sweep
    from tests.data.importing.made import as_separated, rows, texts_and
    from tests.runs import DIVERGES, GOOD, of, swept

    folder = tmp_path_factory.mktemp("mixed")
    joined = ["|".join(labels) for _, labels in rows()]
    corpus = CorpusSource(source=str(as_separated(folder / "parcels.csv", texts_and(joined))))

    def both(taxonomy: str, dims: object) -> spaces.Space:
        return of(*(replace(recipe, taxonomy=taxonomy) for recipe in (DIVERGES, GOOD)))

    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(spaces.GRIDS, "mixed", both)
        return swept(Sweep(space="mixed", corpus=corpus, out=folder / "out", download=False))


@pytest.fixture(scope="session")
def data() -> "Data":
    """The embedded sample and the package's vectors."""
    from emoray.stages.inputs import summarize_corpus
    from tests.stages.chain import RECIPE

    return summarize_corpus(RECIPE.taxonomy, None, download=False).data


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory, data: "Data") -> "Chain":
    """Every stage of one small recipe, made once: float and integers, all decisions."""
    from tests.stages.chain import made

    return made(tmp_path_factory.mktemp("chain") / "store", data)


@pytest.fixture(scope="session")
def overconfident(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An overconfident artifact that decides at one half; tests only read it."""
    from tests.artifact.finished import make_artifact

    return make_artifact(tmp_path_factory.mktemp("finished") / "model", sharpness=3.0)


@pytest.fixture(scope="session")
def evaluation(
    overconfident: Path, tmp_path_factory: pytest.TempPathFactory
) -> "ArtifactEvaluation":
    """That artifact before the embedded sample."""
    from emoray.artifact.loading import open_artifact
    from emoray.data.options import RunOptions
    from emoray.stages.artifact_scoring import evaluate_on

    wanted = RunOptions(out=tmp_path_factory.mktemp("evaluation"), download=False)
    return evaluate_on(open_artifact(overconfident), wanted)


@pytest.fixture(scope="session")
def calibrated(evaluation: "ArtifactEvaluation") -> "Calibrated":
    from emoray.workflows.calibration import calibrate_artifact

    return calibrate_artifact(evaluation)
