"""Java programs: fetched from a Maven repository on this machine, whole or not at all."""

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from samrun.services import dynamodb, java_programs, kafka
from samrun.services.java_programs import JavaFile, locked_files, program_folder

PROGRAM, OTHER = "org.example:program:1", "org.example:other:2+org.example:more:3"
CONTENTS = {f"/org/example/{name}/1/{name}-1.jar": os.urandom(200_000) for name in ("program", "library", "other")}
SCRIPT = """
import asyncio, sys
from pathlib import Path
from samrun.services.java_programs import fetch, locked_files
lock, cache, url = sys.argv[1:]
asyncio.run(fetch(locked_files(Path(lock)), cache=Path(cache), url=url, on_arrival=print))
"""


class Repository(ThreadingHTTPServer):
    """A Maven repository with the files of two programs. A request for `stalling` gets half, until `released`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _MavenHandler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.stalling: str | None = None
        self.half_sent, self.released = threading.Event(), threading.Event()
        self.served: list[str] = []


class _MavenHandler(BaseHTTPRequestHandler):
    server: Repository

    def do_GET(self) -> None:
        first = int((self.headers["range"] or "bytes=0-").removeprefix("bytes=").rstrip("-"))
        content = CONTENTS[self.path][first:]
        self.server.served.append(self.path)
        self.send_response(206 if first else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.path == self.server.stalling:
            self.wfile.write(content[: len(content) // 2])
            self.wfile.flush()
            self.server.half_sent.set()
            self.server.released.wait(60)
        else:
            self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Log nothing: pytest shows the failure."""


@pytest.fixture
def repository() -> Iterator[Repository]:
    with Repository() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    """A lock file with two programs: one with two files, one with one."""
    files = [
        {"path": path[1:], "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        for path, content in CONTENTS.items()
    ]
    lock = tmp_path / "lock.json"
    lock.write_text(json.dumps({PROGRAM: files[:2], OTHER: files[2:]}))
    return lock


def _fetch(repository: Repository, lock: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", SCRIPT, lock, lock.parent / "cache", repository.url],
        env=os.environ | {"NO_PROXY": "127.0.0.1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _assert_whole(fetch: subprocess.Popen[str], lock: Path) -> list[int]:
    """Assert that each program has its files and nothing else; return the numbers of bytes that were reported."""
    printed, errors = fetch.communicate(timeout=60)
    assert fetch.returncode == 0, errors
    for program, files in locked_files(lock).items():
        folder = program_folder(program, files, lock.parent / "cache")
        assert {f"/{path.name}": path.read_bytes() for path in (folder / "jars").iterdir()} == {
            f"/{Path(file.path).name}": CONTENTS[f"/{file.path}"] for file in files
        }
    return [int(line) for line in printed.splitlines()]


def test_programs_are_fetched_side_by_side(repository: Repository, lock: Path) -> None:
    # One of the two programs does not come before the other one has arrived.
    repository.stalling = next(iter(CONTENTS))
    fetch = _fetch(repository, lock)
    assert repository.half_sent.wait(60)
    other = program_folder(OTHER, locked_files(lock)[OTHER], lock.parent / "cache")
    while not other.is_dir():
        assert fetch.poll() is None
    repository.stalling = None
    repository.released.set()
    arrived = _assert_whole(fetch, lock)
    assert arrived[-1] == sum(map(len, CONTENTS.values()))
    assert arrived == sorted(arrived)


def test_fetch_after_a_killed_one_goes_on(repository: Repository, lock: Path) -> None:
    first = next(iter(CONTENTS))
    repository.stalling = first
    killed = _fetch(repository, lock)
    assert repository.half_sent.wait(60)
    while len(set(repository.served)) < len(CONTENTS):
        assert killed.poll() is None
    killed.kill()
    killed.communicate(timeout=60)
    program = program_folder(PROGRAM, locked_files(lock)[PROGRAM], lock.parent / "cache")
    assert not program.exists()
    repository.stalling = None
    _assert_whole(_fetch(repository, lock), lock)
    assert repository.served.count(first) == 2


def test_two_fetches_at_once_download_each_file_once(repository: Repository, lock: Path) -> None:
    for fetch in [_fetch(repository, lock) for _ in range(2)]:
        _assert_whole(fetch, lock)
    assert sorted(repository.served) == sorted(CONTENTS)


def test_fetched_program_is_not_asked_for_again(repository: Repository, lock: Path) -> None:
    _assert_whole(_fetch(repository, lock), lock)
    repository.served.clear()
    _assert_whole(_fetch(repository, lock), lock)
    assert repository.served == []


def test_other_files_of_a_program_have_another_folder(tmp_path: Path) -> None:
    files = [JavaFile(path="program.jar", size=1, sha256=digit * 64) for digit in "01"]
    assert program_folder(OTHER, files, tmp_path).name.startswith("other-2-")
    assert program_folder(PROGRAM, files[:1], tmp_path) != program_folder(PROGRAM, files[1:], tmp_path)


def test_lock_has_the_programs_that_samrun_starts_with_size_and_hash_of_each_file() -> None:
    locked = locked_files()
    assert set(locked) == {dynamodb.PROGRAM, kafka.PROGRAM}
    for program, files in locked.items():
        for artifact in program.split("+"):
            _, name, version = artifact.split(":")
            assert f"{name}-{version}.jar" in {Path(file.path).name for file in files}
        assert len({Path(file.path).name for file in files}) == len(files), "two files have one name"
        assert all(file.size > 0 and re.fullmatch("[0-9a-f]{64}", file.sha256) for file in files)
        assert not [file.path for file in files if "//" in file.path or ".." in file.path]


def test_environment_names_another_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SAMRUN_MAVEN_REPOSITORY", raising=False)
    usual = java_programs.repository()
    assert usual.startswith("https://")
    monkeypatch.setenv("SAMRUN_MAVEN_REPOSITORY", "https://mirror.example/maven/")
    assert java_programs.repository() == "https://mirror.example/maven"
