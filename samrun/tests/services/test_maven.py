"""Interrupted downloads from a Maven repository on this machine, and the downloads after them."""

import io
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Literal

import pytest

from samrun.services import maven

Failure = Literal["drop", "stall", "busy"]

PROGRAM = "org.example:program:1"
LIBRARY = "/org/example/library/1/library-1"
POM = """<project>
  <modelVersion>4.0.0</modelVersion><groupId>org.example</groupId><artifactId>{name}</artifactId>
  <version>1</version><dependencies>{dependencies}</dependencies>
</project>"""
DEPENDENCY = (
    "<dependency><groupId>org.example</groupId><artifactId>library</artifactId><version>1</version></dependency>"
)


def _jar() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as jar:
        jar.writestr("content", os.urandom(200_000))
    return content.getvalue()


class Repository(ThreadingHTTPServer):
    """A Maven repository with a program that needs a library.

    A request for the path `breaking` fails: `drop` closes the connection half-way, `stall` keeps it open, `busy`
    answers 503.
    """

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.files = {
            "/org/example/program/1/program-1.pom": POM.format(name="program", dependencies=DEPENDENCY).encode(),
            "/org/example/program/1/program-1.jar": _jar(),
            f"{LIBRARY}.pom": POM.format(name="library", dependencies="").encode(),
            f"{LIBRARY}.jar": _jar(),
        }
        self.breaking: str | None = None
        self.how: Failure = "drop"
        self.half_sent, self.go_on = threading.Event(), threading.Event()
        self.served: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: Repository

    def do_HEAD(self) -> bytes:
        repository, content = self.server, self.server.files.get(self.path, b"")
        busy = repository.how == "busy" and self.path == repository.breaking
        self.send_response(503 if busy else 200 if content else 404)
        content = b"" if busy else content
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        return content

    def do_GET(self) -> None:
        repository, content = self.server, self.do_HEAD()
        if not content:
            return
        repository.served.append(self.path)
        if self.path != repository.breaking:
            self.wfile.write(content)
            return
        self.wfile.write(content[: len(content) // 2])
        repository.half_sent.set()
        if repository.how == "stall":
            repository.go_on.wait(60)

    def log_message(self, *_: object) -> None:
        """Log nothing: pytest shows the failure."""


@pytest.fixture
def repository() -> Iterator[Repository]:
    with Repository() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.go_on.set()
        server.shutdown()
        thread.join()


def _fetch(repository: Repository, cache: Path) -> subprocess.Popen[str]:
    script = "import sys; from pathlib import Path; from samrun.services import maven; "
    script += "print(maven.fetch(sys.argv[1], cache=Path(sys.argv[2]), repository=sys.argv[3]))"
    return subprocess.Popen(
        [sys.executable, "-c", script, PROGRAM, str(cache), repository.url],
        env=os.environ | {"NO_PROXY": "127.0.0.1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _assert_whole(repository: Repository, fetch: subprocess.Popen[str]) -> None:
    printed, errors = fetch.communicate(timeout=60)
    assert fetch.returncode == 0, errors
    jars = {jar.name: jar.read_bytes() for jar in Path(printed.strip()).rglob("*.jar")}
    assert jars == {path.rpartition("/")[2]: content for path, content in repository.files.items() if ".jar" in path}


@pytest.mark.parametrize("suffix", ["pom", "jar"])
@pytest.mark.parametrize("how", ["drop", "stall", "busy"])
def test_fetch_after_an_interrupted_one_gets_every_file_whole(
    repository: Repository, tmp_path: Path, suffix: str, how: Failure
) -> None:
    interrupted_file = f"{LIBRARY}.{suffix}"
    repository.breaking, repository.how = interrupted_file, how
    interrupted = _fetch(repository, tmp_path)
    if how == "stall":
        assert repository.half_sent.wait(60)
        interrupted.kill()
    interrupted.communicate(timeout=60)
    assert interrupted.returncode != 0
    repository.breaking = None
    _assert_whole(repository, _fetch(repository, tmp_path))
    served_twice = {path for path in repository.served if repository.served.count(path) > 1}
    assert served_twice <= {interrupted_file}, "files that had arrived whole were kept"


def test_fetch_killed_before_its_last_rename_is_repeated_without_downloads(
    repository: Repository, tmp_path: Path
) -> None:
    _assert_whole(repository, _fetch(repository, tmp_path))
    [program] = (tmp_path / "programs").iterdir()
    program.rename(tmp_path / "unfinished")
    next((tmp_path / "unfinished").rglob("*.jar")).unlink()
    repository.served.clear()
    _assert_whole(repository, _fetch(repository, tmp_path))
    assert repository.served == []


def test_fetch_accepts_a_library_without_a_description(repository: Repository, tmp_path: Path) -> None:
    del repository.files[f"{LIBRARY}.pom"]
    _assert_whole(repository, _fetch(repository, tmp_path))


def test_two_fetches_at_once_download_each_file_once(repository: Repository, tmp_path: Path) -> None:
    for fetch in [_fetch(repository, tmp_path) for _ in range(2)]:
        _assert_whole(repository, fetch)
    assert sorted(repository.served) == sorted(repository.files)


def test_fetched_program_is_there_for_every_project(repository: Repository, tmp_path: Path) -> None:
    _assert_whole(repository, _fetch(repository, tmp_path))
    repository.files = {}
    assert maven.fetch(PROGRAM, cache=tmp_path).is_dir()
    assert maven.fetch(PROGRAM, cache=tmp_path) == tmp_path / "programs" / "org.example-program-1"
