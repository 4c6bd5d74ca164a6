"""Whatever comes over the network or out of an archive is small, whole and what was asked for."""

import gzip
import hashlib
import ssl
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from emoray.data.download import DownloadError, DownloadLimits, fetch
from emoray.text.vectors.glove_format import read_vectors
from tests.security.certificate import certificate

BODY = b"text"
SHA256 = hashlib.sha256(BODY).hexdigest()
LIMITS = DownloadLimits(max_bytes=1 << 10, first_byte_s=5, total_s=10)


class Handler(BaseHTTPRequestHandler):
    """`/` answers; every other path is the address to go on to."""

    def do_GET(self) -> None:
        if self.path == "/":
            self.send_response(200)
            self.end_headers()
            self.wfile.write(BODY)
            return
        self.send_response(302)
        self.send_header("Location", self.path.removeprefix("/to/"))
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Tests run quietly."""


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The addresses of one server of HTTP and one of HTTPS, whose certificate is trusted here."""
    pem = certificate(tmp_path_factory.mktemp("tls") / "pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    plain, secure = (HTTPServer(("127.0.0.1", 0), Handler) for _ in range(2))
    secure.socket = context.wrap_socket(secure.socket, server_side=True)
    for server in (plain, secure):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", str(pem))
        yield f"http://127.0.0.1:{plain.server_port}", f"https://127.0.0.1:{secure.server_port}"
    for server in (plain, secure):
        server.shutdown()
        server.server_close()


def got(url: str, folder: Path) -> bytes:
    return fetch(url, folder / "file", sha256=SHA256, limits=LIMITS).read_bytes()


def test_https_may_lead_on_over_https(servers: tuple[str, str], tmp_path: Path) -> None:
    _, https = servers
    assert got(f"{https}/to/{https}/", tmp_path) == BODY
    assert got(f"{https}/to//", tmp_path) == BODY, "an address without a scheme keeps it"


def test_https_may_not_lead_on_without_it(servers: tuple[str, str], tmp_path: Path) -> None:
    http, https = servers
    with pytest.raises(DownloadError, match="may lead on over https, got http://"):
        got(f"{https}/to/{http}/", tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("there", ["file:///etc/passwd", "ftp://127.0.0.1/x"])
def test_no_answer_leads_to_another_kind_of_address(
    there: str, servers: tuple[str, str], tmp_path: Path
) -> None:
    for server in servers:
        with pytest.raises(DownloadError):
            got(f"{server}/to/{there}", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_certificate_is_not_trusted(
    servers: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(DownloadError, match="SSL"):
        got(f"{servers[1]}/", tmp_path)


def test_an_archive_writes_nothing_wherever_its_members_point(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    with zipfile.ZipFile(inner / "vectors.zip", "w") as file:
        file.writestr("../../escaped.2d.txt", "joy 1 2\n")
    found, matrix_FD = read_vectors(inner / "vectors.zip", ["joy"])
    assert found == ["joy"] and matrix_FD.tolist() == [[1.0, 2.0]]
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["a", "b", "vectors.zip"]


@pytest.mark.parametrize("name", ["bomb.zip", "bomb.txt.gz"])
def test_an_archive_that_unpacks_without_end_is_left(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emoray.text.vectors.glove_format._BLOCK_BYTES", 1 << 16)
    path, line = tmp_path / name, b"joy 0 0\n"
    content = line * ((2 << 20) // len(line))  # packs hundreds to 1
    if name.endswith("gz"):
        path.write_bytes(gzip.compress(content, 1))
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("made.2d.txt", content)
    with pytest.raises(ValueError, match="pack 100 to 1 at most, got more"):
        read_vectors(path, ["joy"])
