"""A real S3 server for tests: `weed` on free ports of 127.0.0.1."""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KEY, SECRET = "emoray-tests", "emoray-tests-secret"
BUCKET = "emoray-tests"
READY_SECONDS = 60.0


def _is_free(port: int) -> bool:
    """Whether nobody listens there."""
    try:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError:
        return False
    return True


def _is_ours(slot: int) -> bool:
    """Whether this process got the slot; the system frees it when the process ends."""
    path = Path(tempfile.gettempdir()) / f"emoray-s3-ports-{slot}"
    held = os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o666)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        return False
    return True


class Ports:
    """Four ports that are this process' alone as long as it lives: no other run of the tests takes
    them before the server is started. weed also takes the ports 10,000 above."""

    def __init__(self) -> None:
        for slot in range(400):
            self.numbers = [20_000 + 4 * slot + i for i in range(4)]
            if _is_ours(slot) and all(_is_free(p + up) for p in self.numbers for up in (0, 10_000)):
                return
        raise AssertionError("no free ports")


@dataclass(kw_only=True)
class Server:
    """One server; stopped and started again it serves the same folder at the same address."""

    folder: Path | None = None
    ports: Ports = field(default_factory=Ports)
    process: subprocess.Popen[bytes] | None = None

    @property
    def port(self) -> int:
        return self.ports.numbers[0]

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What boto3 needs to know of it."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint,
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def start(self, folder: Path | None = None) -> None:
        """Start it on a folder, or once more on its own, and wait until it answers."""
        self.folder = folder = folder or self.folder
        assert folder is not None, "a server that was never started has no folder of its own"
        folder.mkdir(parents=True, exist_ok=True)
        actions = ["Admin", "Read", "Write", "List", "Tagging"]
        credentials = [{"accessKey": KEY, "secretKey": SECRET}]
        identity = {"name": "tests", "credentials": credentials, "actions": actions}
        config = folder / "s3.json"
        config.write_text(json.dumps({"identities": [identity]}))
        weed = shutil.which("weed", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
        assert weed, "weed comes with the extra `test`"
        s3, master, volume, filer = self.ports.numbers
        with (folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(weed, "server", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"),
                    *(f"-dir={folder}", "-filer=true", "-s3=true", f"-s3.port={s3}"),
                    *(
                        f"-s3.config={config}",
                        "-s3.iam=false",
                        "-s3.port.iceberg=0",
                        "-s3.port.lance=0",
                    ),
                    *("-master.volumeSizeLimitMB=64", "-volume.max=0", "-master.telemetry=false"),
                    *(f"-master.port={master}", f"-volume.port={volume}", f"-filer.port={filer}"),
                ],
                stdout=log,
                stderr=log,
                cwd=folder,
                start_new_session=True,
            )
        self._await_ready()

    def _await_ready(self) -> None:
        """Until a bucket stands and takes and gives an object."""
        from botocore.exceptions import BotoCoreError, ClientError

        client = self.client()
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            assert self.process is not None and self.process.poll() is None, self.log
            with suppress(ClientError, BotoCoreError):  # started before, it has its bucket
                client.create_bucket(Bucket=BUCKET)
            try:
                client.put_object(Bucket=BUCKET, Key="ready", Body=b"ready")
                client.get_object(Bucket=BUCKET, Key="ready")["Body"].read()
                return
            except (ClientError, BotoCoreError):
                time.sleep(0.1)
        raise AssertionError(f"no server after {READY_SECONDS} s: {self.log}")

    def client(self) -> Any:
        """A plain client of boto3, which sees what others see."""
        from boto3.session import Session
        from botocore.config import Config

        return Session().client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=KEY,
            aws_secret_access_key=SECRET,
            region_name="us-east-1",
            config=Config(
                connect_timeout=1,
                read_timeout=5,
                retries={"total_max_attempts": 1},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                s3={"addressing_style": "path"},
            ),
        )

    @property
    def log(self) -> str:
        assert self.folder is not None
        return (self.folder / "log").read_text(errors="replace")[-2000:]

    def stop(self) -> None:
        """Kill it, as a crash would; its folder stays. (Asked kindly it takes ten seconds.)"""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None
