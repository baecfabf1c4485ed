"""Fetches that are broken off, from a Maven repository on this machine, and the fetches after them."""

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

from local import maven

Trouble = Literal["drop", "stall", "busy"]

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

    In what is at the path `breaking` there is trouble: `drop` closes the connection half-way, `stall` keeps it open,
    `busy` answers 503.
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
        self.how: Trouble = "drop"
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
        """Say nothing: pytest shows what went wrong."""


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
    script = "import sys; from pathlib import Path; from local import maven; "
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
def test_after_a_fetch_that_was_broken_off_the_next_brings_all_of_it_whole(
    repository: Repository, tmp_path: Path, suffix: str, how: Trouble
) -> None:
    broken_off = f"{LIBRARY}.{suffix}"
    repository.breaking, repository.how = broken_off, how
    broken = _fetch(repository, tmp_path)
    if how == "stall":
        assert repository.half_sent.wait(60)
        broken.kill()
    broken.communicate(timeout=60)
    assert broken.returncode != 0
    repository.breaking = None
    _assert_whole(repository, _fetch(repository, tmp_path))
    again = {path for path in repository.served if repository.served.count(path) > 1}
    assert again <= {broken_off}, "what had arrived whole was kept"


def test_a_fetch_that_was_killed_when_all_was_there_but_its_folder_is_done_again(
    repository: Repository, tmp_path: Path
) -> None:
    _assert_whole(repository, _fetch(repository, tmp_path))
    [program] = (tmp_path / "programs").iterdir()
    program.rename(tmp_path / "unfinished")
    next((tmp_path / "unfinished").rglob("*.jar")).unlink()
    repository.served.clear()
    _assert_whole(repository, _fetch(repository, tmp_path))
    assert repository.served == []


def test_a_description_that_does_not_exist_is_done_without(repository: Repository, tmp_path: Path) -> None:
    del repository.files[f"{LIBRARY}.pom"]
    _assert_whole(repository, _fetch(repository, tmp_path))


def test_two_first_fetches_at_once_download_once(repository: Repository, tmp_path: Path) -> None:
    for fetch in [_fetch(repository, tmp_path) for _ in range(2)]:
        _assert_whole(repository, fetch)
    assert sorted(repository.served) == sorted(repository.files)


def test_what_was_fetched_is_there_for_every_checkout(repository: Repository, tmp_path: Path) -> None:
    _assert_whole(repository, _fetch(repository, tmp_path))
    repository.files = {}
    assert maven.fetch(PROGRAM, cache=tmp_path).is_dir()
    assert maven.fetch(PROGRAM, cache=tmp_path) == tmp_path / "programs" / "org.example-program-1"


@pytest.mark.parametrize(("xdg", "folder"), [("", "home/.cache/local-java"), ("cache", "cache/local-java")])
def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, xdg: str, folder: str) -> None:
    monkeypatch.setenv("HOME", "home")
    monkeypatch.setenv("XDG_CACHE_HOME", xdg)
    assert maven.user_cache() == Path(folder)
