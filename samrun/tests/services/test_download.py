"""Downloads from a server on this machine that breaks off, stalls, refuses, or sends something else."""

import asyncio
import hashlib
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import httpx
import pytest

from samrun.services import download
from samrun.services.download import DownloadError, download_file

CONTENT = os.urandom(200_000)
SHA256 = hashlib.sha256(CONTENT).hexdigest()
Fault = Literal["drop", "stall", "busy", "damage", "gone", "ignore-range"]


class FileServer(ThreadingHTTPServer):
    """A server of one file. Each request takes the next of `faults`; without one it is answered as it should be."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _FileHandler)
        self.url = f"http://127.0.0.1:{self.server_port}/file.jar"
        self.faults: list[Fault] = []
        self.ranges: list[str | None] = []
        self.released = threading.Event()


class _FileHandler(BaseHTTPRequestHandler):
    server: FileServer

    def do_GET(self) -> None:
        asked = self.headers["range"]
        self.server.ranges.append(asked)
        fault = self.server.faults.pop(0) if self.server.faults else None
        if fault in {"busy", "gone"}:
            self._head(503 if fault == "busy" else 404, 0)
            return
        first = int(asked.removeprefix("bytes=").rstrip("-")) if asked and fault != "ignore-range" else 0
        content = bytes(len(CONTENT)) if fault == "damage" else CONTENT
        self._head(206 if first else 200, len(CONTENT) - first)
        if fault in {"drop", "stall"}:
            self.wfile.write(content[first : (first + len(CONTENT)) // 2])
            if fault == "stall":
                self.wfile.flush()
                self.server.released.wait(60)
        else:
            self.wfile.write(content[first:])

    def _head(self, status: int, size: int) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(size))
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing: pytest shows the failure."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setattr(download, "_FIRST_PAUSE", 0.001)
    with FileServer() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


def run_download(
    server: FileServer, target: Path, *, sha256: str = SHA256, on_arrival: Callable[[int], None] = lambda _: None
) -> None:
    async def run() -> None:
        async with httpx.AsyncClient(timeout=0.5, trust_env=False) as client:
            await download_file(client, server.url, target, len(CONTENT), sha256, on_arrival=on_arrival)

    asyncio.run(run())


@pytest.mark.parametrize("fault", ["drop", "stall"])
def test_download_goes_on_where_it_broke_off(server: FileServer, tmp_path: Path, fault: Fault) -> None:
    server.faults = [fault]
    positions = list[int]()
    run_download(server, tmp_path / "file.jar", on_arrival=positions.append)
    assert (tmp_path / "file.jar").read_bytes() == CONTENT
    assert server.ranges == [None, f"bytes={len(CONTENT) // 2}-"]
    assert positions == sorted(positions), "no byte arrived twice"
    assert positions[-1] == len(CONTENT)


@pytest.mark.parametrize("fault", ["busy", "damage"])
def test_download_starts_again_after_a_busy_server_and_a_wrong_hash(
    server: FileServer, tmp_path: Path, fault: Fault
) -> None:
    server.faults = [fault]
    run_download(server, tmp_path / "file.jar")
    assert (tmp_path / "file.jar").read_bytes() == CONTENT
    assert server.ranges == [None, None]
    assert [path.name for path in tmp_path.iterdir()] == ["file.jar"]


def test_server_without_ranges_sends_the_whole_file_again(server: FileServer, tmp_path: Path) -> None:
    server.faults = ["drop", "ignore-range"]
    run_download(server, tmp_path / "file.jar")
    assert (tmp_path / "file.jar").read_bytes() == CONTENT


def test_next_process_goes_on_with_what_had_arrived(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "file.jar.part").write_bytes(CONTENT[:150_000])
    run_download(server, tmp_path / "file.jar")
    assert (tmp_path / "file.jar").read_bytes() == CONTENT
    assert server.ranges == ["bytes=150000-"]
    run_download(server, tmp_path / "file.jar")
    assert len(server.ranges) == 1, "a whole file is not asked for again"


@pytest.mark.parametrize(("faults", "reason"), [(["gone"], "the answer was 404"), (["busy"] * 4, "the answer was 503")])
def test_download_that_fails_names_the_file_and_the_reason(
    server: FileServer, tmp_path: Path, faults: list[Fault], reason: str
) -> None:
    server.faults = faults
    with pytest.raises(DownloadError, match=f"{server.url}: {reason}"):
        run_download(server, tmp_path / "file.jar")
    assert not (tmp_path / "file.jar").exists()


def test_file_with_another_hash_is_never_there(server: FileServer, tmp_path: Path) -> None:
    with pytest.raises(DownloadError, match=f"its SHA-256 is {SHA256}, not {'0' * 64}"):
        run_download(server, tmp_path / "file.jar", sha256="0" * 64)
    assert list(tmp_path.iterdir()) == []
    assert len(server.ranges) == 4
