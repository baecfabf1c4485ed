"""The JVM and the Java programs. No test here reaches Maven's repository."""

import asyncio
import io
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from samrun.services import dynamodb, java_programs, kafka
from samrun.services.java import JavaError, class_paths, jvm
from samrun.supervision.terminal import Terminal

PROGRAMS = (dynamodb.PROGRAM, kafka.PROGRAM)


@pytest.fixture
def silent_repository(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[socket.socket]:
    """A proxy to every repository that accepts connections and never answers, and an empty cache."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        _use_proxy(server.getsockname()[1], tmp_path, monkeypatch)
        yield server


def _use_proxy(proxy: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{proxy}")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))


def _put_programs(cache: Path) -> None:
    """Put programs into the cache, as after a fetch."""
    for program, files in java_programs.locked_files().items():
        java_programs.program_folder(program, files, cache).mkdir(parents=True)


def test_jvm_is_an_executable_file() -> None:
    assert os.access(jvm(), os.X_OK)


def test_jvm_falls_back_to_the_machines_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    program = tmp_path / "bin" / "java"
    program.parent.mkdir()
    program.touch(mode=0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert jvm() == program
    monkeypatch.delenv("JAVA_HOME")
    monkeypatch.setenv("PATH", str(program.parent))
    assert jvm() == program
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(JavaError, match="Install Java 17 or newer"):
        jvm()


def test_program_that_is_there_is_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    _put_programs(tmp_path / "samrun")
    said = io.StringIO()
    found = asyncio.run(class_paths(PROGRAMS, terminal=Terminal(said, tmp_path)))
    assert [Path(each).parents[1].name.rsplit("-", 1)[0] for each in found.values()] == [
        "DynamoDBLocal-2.6.1",
        "kafka_2.13-4.4.0",
    ]
    assert {Path(each).parts[-2:] for each in found.values()} == {("jars", "*")}
    assert said.getvalue() == "", "later starts say nothing of it"


def test_failed_fetch_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("samrun.services.download._FIRST_PAUSE", 0.001)
    said = io.StringIO()
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        _use_proxy(closed.getsockname()[1], tmp_path, monkeypatch)
        with pytest.raises(JavaError) as raised:
            asyncio.run(class_paths(PROGRAMS, terminal=Terminal(said, tmp_path)))
    message = str(raised.value)
    assert message.startswith("DynamoDBLocal and kafka_2.13 could not be fetched: https://")
    assert "Check the network" in message
    assert "SAMRUN_MAVEN_REPOSITORY" in message
    assert "fetching DynamoDBLocal and kafka_2.13: 98 MB, once for this machine" in said.getvalue()


def test_fetch_can_be_cancelled_while_nothing_comes(silent_repository: socket.socket, tmp_path: Path) -> None:
    async def scenario() -> None:
        fetch = asyncio.create_task(class_paths(PROGRAMS, terminal=Terminal(io.StringIO(), tmp_path)))
        silent_repository.setblocking(False)
        connection, _ = await asyncio.wait_for(asyncio.get_running_loop().sock_accept(silent_repository), 30)
        fetch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(fetch, 10)
        connection.close()

    asyncio.run(scenario())


def test_cache_that_cannot_be_written_is_an_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "samrun").touch()  # no folder can be put there
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(JavaError, match=rf"could not be written to {tmp_path}/samrun: .*XDG_CACHE_HOME"):
        asyncio.run(class_paths(PROGRAMS, terminal=Terminal(io.StringIO(), tmp_path)))


def test_authorities_that_cannot_be_read_are_an_error_that_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_text("no certificates")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with pytest.raises(JavaError, match=rf"REQUESTS_CA_BUNDLE names {bundle}, which cannot be read"):
        asyncio.run(class_paths(PROGRAMS, terminal=Terminal(io.StringIO(), tmp_path)))
