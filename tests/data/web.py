"""A web server on this machine that answers well or badly, as its paths say."""

import hashlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

BODY = b"text\t27\tid\n" * 1000
SHA256 = hashlib.sha256(BODY).hexdigest()


@dataclass
class Web:
    """Answers /good/name as it should, /wrong/name with other bytes, and so on; see `_Handler`."""

    url: str
    asked: list[str] = field(default_factory=list)
    bodies: dict[str, bytes] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)


class _Handler(BaseHTTPRequestHandler):
    server: "Server"

    def log_message(self, format: str, *args: object) -> None:
        """Tests run quietly."""

    def send(self, body: bytes, *, announced: int | None) -> None:
        self.send_response(200)
        if announced is not None:
            self.send_header("Content-Length", str(announced))
        self.end_headers()
        self.wfile.write(body)

    def drip(self, body: bytes) -> None:
        self.send(b"", announced=len(body))
        for byte in body:
            if self.server.web.stop.wait(0.05):
                return
            self.wfile.write(bytes([byte]))

    def do_GET(self) -> None:
        web = self.server.web
        web.asked.append(self.path)
        _, manner, name = self.path.split("/")
        body = web.bodies.get(name, BODY)
        answers = {
            "good": lambda: self.send(body, announced=len(body)),
            "unannounced": lambda: self.send(body, announced=None),
            "wrong": lambda: self.send(body[::-1], announced=len(body)),
            "cut": lambda: self.send(body[: len(body) // 2], announced=len(body)),
            "silent": lambda: web.stop.wait(20),
            "dripping": lambda: self.drip(body),
            "missing": lambda: self.send_error(404),
        }
        answers[manner]()


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, web: Web) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.web = web

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that gave up is what these tests are about."""
