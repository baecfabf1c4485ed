"""The JVM and the Java programs. No test here reaches Maven's repository."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from samrun.services import java
from samrun.services.java import JavaError, class_paths, jvm

UNKNOWN = "org.example:no-such-program:1"


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


def _class_paths(remembered: Path, *coordinates: str, progress: Callable[[str], None] = print) -> dict[str, str]:
    return dict(asyncio.run(class_paths(coordinates, remembered=remembered, progress=progress)))


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


def test_remembered_program_is_not_fetched(tmp_path: Path) -> None:
    remembered, messages = tmp_path / "java.json", list[str]()
    remembered.write_text(json.dumps({UNKNOWN: str(tmp_path)}))
    found = _class_paths(remembered, UNKNOWN, progress=messages.append)
    assert found == {UNKNOWN: os.pathsep.join([f"{tmp_path}/jars/*", f"{tmp_path}/modules/*"])}
    assert messages == []


def test_fetch_remembers_the_folder_of_its_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(_program(tmp_path, f"echo some output; echo {tmp_path}")))
    remembered, messages = tmp_path / "folder" / "java.json", list[str]()
    found = _class_paths(remembered, f"{UNKNOWN}+org.example:more:2", progress=messages.append)
    assert list(found.values()) == [os.pathsep.join([f"{tmp_path}/jars/*", f"{tmp_path}/modules/*"])]
    assert json.loads(remembered.read_text()) == {f"{UNKNOWN}+org.example:more:2": str(tmp_path)}
    assert messages == [f"fetching {UNKNOWN} (once for this machine)"]


def test_program_whose_folder_is_gone_is_fetched_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(_program(tmp_path, f"echo {tmp_path}")))
    remembered = tmp_path / "java.json"
    remembered.write_text(json.dumps({UNKNOWN: str(tmp_path / "gone")}))
    assert str(tmp_path / "jars") in _class_paths(remembered, UNKNOWN)[UNKNOWN]


def test_long_fetch_reports_its_progress(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(_program(tmp_path, f"sleep 1; echo {tmp_path}")))
    monkeypatch.setattr(java, "_PROGRESS_INTERVAL", 0.3)
    messages = list[str]()
    _class_paths(tmp_path / "java.json", UNKNOWN, progress=messages.append)
    assert len(messages) > 2
    assert messages[1].startswith(f"fetching {UNKNOWN}: 0 s so far")


def test_failed_fetch_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        _use_proxy(closed.getsockname()[1], tmp_path, monkeypatch)
        with pytest.raises(JavaError) as raised:
            _class_paths(tmp_path / "java.json", UNKNOWN)
    message = str(raised.value)
    assert message.startswith(f"{UNKNOWN} could not be fetched from Maven's repository: ")
    assert "Check the network" in message
    assert not (tmp_path / "java.json").exists()


def test_cancelled_fetch_ends_its_process(silent_repository: socket.socket, tmp_path: Path) -> None:
    async def scenario() -> None:
        fetch = asyncio.create_task(class_paths([UNKNOWN], remembered=tmp_path / "java.json", progress=lambda _: None))
        silent_repository.setblocking(False)
        connection, _ = await asyncio.wait_for(asyncio.get_running_loop().sock_accept(silent_repository), 30)
        [child] = [each for each in psutil.Process().children() if "samrun.services.maven" in each.cmdline()]
        fetch.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(fetch, 10)
        assert not child.is_running()
        connection.close()

    asyncio.run(scenario())


def _program(folder: Path, script: str) -> Path:
    """Return a program that replaces the Python that would run `samrun.services.maven`."""
    program = folder / "python"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program
