import threading
import time
from collections.abc import Iterator

import pytest

from tests.text.web import Server, Web


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def web() -> Iterator[Web]:
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
