"""Virtual environments: made once, by uv or by pip, whole or not at all."""

import asyncio
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from samrun.pythons.errors import InstallationError
from samrun.pythons.installer import Installer
from samrun.pythons.interpreter import Interpreter
from samrun.pythons.interpreters import current_interpreter, find_uv
from samrun.pythons.requirements import Requirements
from samrun.pythons.virtual_environments import VirtualEnvironment, VirtualEnvironmentCache
from samrun.testing.waiting import eventually
from support.wheels import with_hash, write_requirements, write_wheel


@pytest.fixture(scope="module")
def interpreter() -> Interpreter:
    return asyncio.run(current_interpreter())


@pytest.fixture(params=["uv", "pip"])
def installer(request: pytest.FixtureRequest) -> Installer:
    uv = find_uv() if request.param == "uv" else None
    if request.param == "uv" and uv is None:
        pytest.skip("uv is not installed; `make test` installs it")
    return Installer(uv)


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    folder = tmp_path / "wheels"
    write_wheel(folder, "greeting", {"greeting.py": "from word import WORD\n"}, needs="word")
    write_wheel(folder, "word", {"word.py": "WORD = 'hello'\n"})
    return folder


def make(
    cache: Path, requirements: Path | None, interpreter: Interpreter, installer: Installer | None = None
) -> VirtualEnvironment:
    made = VirtualEnvironmentCache(cache).make(
        Requirements(requirements), interpreter, installer or Installer(find_uv())
    )
    return asyncio.run(made)


def run(environment: VirtualEnvironment, code: str) -> str:
    """Return what a program prints that runs in an environment."""
    command = [str(environment.executable), "-c", code]
    folder = environment.folder  # the current folder of the tests is on the path, too
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def test_environment_has_what_the_requirements_name_with_what_that_needs_and_nothing_else(
    tmp_path: Path, wheels: Path, interpreter: Interpreter, installer: Installer
) -> None:
    requirements = write_requirements(tmp_path / "src", wheels, ["greeting"])
    environment = make(tmp_path / "cache", requirements, interpreter, installer)
    assert run(environment, "import greeting; print(greeting.WORD)") == "hello"
    assert sorted(path.stem for path in environment.packages.glob("*.py")) == ["greeting", "word"]
    for package in ("moto", "pip", "setuptools", "samrun"):
        assert run(environment, f"import importlib.util as u; print(u.find_spec({package!r}))") == "None"


def test_requirements_with_hashes_are_installed_and_another_file_is_refused(
    tmp_path: Path, wheels: Path, interpreter: Interpreter, installer: Installer
) -> None:
    lines = [with_hash(f"{name}==1.0", wheels / f"{name}-1.0-py3-none-any.whl") for name in ("greeting", "word")]
    requirements = write_requirements(tmp_path / "src", wheels, lines)
    environment = make(tmp_path / "cache", requirements, interpreter, installer)
    assert run(environment, "import greeting; print(greeting.WORD)") == "hello"
    of_another = with_hash("word==1.0", wheels / "greeting-1.0-py3-none-any.whl")
    requirements = write_requirements(tmp_path / "src", wheels, [of_another])
    with pytest.raises(InstallationError, match=r"(?i)\bhash"):
        make(tmp_path / "cache", requirements, interpreter, installer)


def test_error_names_the_file_the_requirement_and_what_to_do(
    tmp_path: Path, wheels: Path, interpreter: Interpreter, installer: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    requirements = write_requirements(tmp_path / "src", wheels, ["greeting", "stripe-of-tomorrow==99"])
    with pytest.raises(InstallationError) as raised:
        make(tmp_path / "cache", requirements, interpreter, installer)
    message = str(raised.value)
    assert message.startswith(
        f"src/requirements.txt cannot be installed for Python {interpreter.version}. {installer.name} says:\n"
    )
    assert "stripe-of-tomorrow==99" in message
    assert "Correct the file and save it" in message
    assert [path.name for path in (tmp_path / "cache").iterdir() if path.is_dir()] == []


def test_pip_of_samrun_serves_an_interpreter_that_has_none(
    tmp_path: Path, wheels: Path, interpreter: Interpreter
) -> None:
    requirements = write_requirements(tmp_path / "src", wheels, ["greeting"])
    environment = make(tmp_path / "cache", requirements, replace(interpreter, has_pip=False), Installer(None))
    assert run(environment, "import greeting; print(greeting.WORD)") == "hello"


@pytest.fixture
def bare_python(tmp_path: Path) -> Interpreter:
    """An interpreter without pip, as `uv tool install` makes one, which can make environments."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "bare"], check=True)
    interpreter = asyncio.run(current_interpreter())
    return replace(interpreter, executable=tmp_path / "bare" / "bin" / "python", has_pip=False)


def test_pip_that_every_python_brings_along_serves_where_neither_uv_nor_pip_is(
    tmp_path: Path, wheels: Path, bare_python: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("samrun.pythons.installer.find_spec", lambda _: None)
    cache = tmp_path / "cache"
    for package in ("greeting", "word"):
        requirements = write_requirements(tmp_path / package, wheels, [package])
        environment = make(cache, requirements, bare_python, Installer(None))
        assert run(environment, "import word; print(word.WORD)") == "hello"
        assert not (environment.packages / "pip").exists()
    names = [each.name for each in cache.iterdir() if each.is_dir() and each.name.startswith("pip-of-")]
    assert names == [f"pip-of-python{bare_python.version}"], "made once, and nothing unfinished is left"
    assert [each.name for each in cache.iterdir() if each.name.startswith("tmp")] == []


def test_error_without_uv_and_any_pip_says_what_to_install(
    tmp_path: Path, wheels: Path, bare_python: Interpreter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("samrun.pythons.installer.find_spec", lambda _: None)
    # Debian's Python without the package python3-venv: an environment without pip is all that it makes.
    broken = tmp_path / "broken"
    broken.write_text(
        f'#!/bin/sh\ncase "$*" in *--without-pip*) exec {bare_python.executable} "$@";; esac\n'
        "echo 'ensurepip is not available' >&2\nexit 1\n"
    )
    broken.chmod(0o755)
    requirements = write_requirements(tmp_path / "src", wheels, ["word"])
    with pytest.raises(InstallationError, match=r"Neither uv nor pip (.|\n)* Install uv (.|\n)*ensurepip is not avail"):
        make(tmp_path / "cache", requirements, replace(bare_python, executable=broken), Installer(None))


def test_paths_in_requirements_are_relative_to_their_folder(
    tmp_path: Path, wheels: Path, interpreter: Interpreter, installer: Installer
) -> None:
    requirements = tmp_path / "src" / "requirements.txt"
    requirements.parent.mkdir()
    requirements.write_text("--no-index\n../wheels/word-1.0-py3-none-any.whl\n")
    environment = make(tmp_path / "cache", requirements, interpreter, installer)
    assert run(environment, "import word; print(word.WORD)") == "hello"


def test_cache_that_cannot_be_written_is_an_error_that_says_so(tmp_path: Path, interpreter: Interpreter) -> None:
    (tmp_path / "cache").touch()
    with pytest.raises(InstallationError, match=r"environments takes no virtual environment: .* set XDG_CACHE_HOME"):
        make(tmp_path / "cache" / "environments", None, interpreter)


def test_variables_of_the_developer_lead_no_package_elsewhere(
    tmp_path: Path, wheels: Path, interpreter: Interpreter, installer: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PIP_TARGET", "UV_TARGET", "PYTHONPATH", "VIRTUAL_ENV", "UV_PYTHON"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    monkeypatch.setenv("PIP_USER", "1")
    requirements = write_requirements(tmp_path / "src", wheels, ["word"])
    environment = make(tmp_path / "cache", requirements, interpreter, installer)
    assert (environment.packages / "word.py").is_file()
    assert not (tmp_path / "elsewhere").exists()


def test_environment_is_made_once_and_shared(tmp_path: Path, wheels: Path, interpreter: Interpreter) -> None:
    cache = VirtualEnvironmentCache(tmp_path / "cache")
    one, other = (write_requirements(tmp_path / name, wheels, ["word"]) for name in ("one", "other"))
    assert cache.find(Requirements(one), interpreter) is None
    made = make(cache.folder, one, interpreter)
    (made.folder / "mark").touch()
    assert make(cache.folder, other, interpreter) == cache.find(Requirements(other), interpreter) == made
    assert (made.folder / "mark").is_file()


@pytest.mark.parametrize(
    "changed", [{"version": "3.11.99"}, {"extension_suffix": ".other.so"}, {"platform": "linux-aarch64"}]
)
def test_environment_of_another_interpreter_is_another_one(
    tmp_path: Path, interpreter: Interpreter, changed: dict[str, str]
) -> None:
    made = make(tmp_path / "cache", None, interpreter)
    other = Interpreter(**{**vars(interpreter), **changed})
    cache = VirtualEnvironmentCache(tmp_path / "cache")
    assert cache.find(Requirements(None), interpreter) == made
    assert cache.find(Requirements(None), other) is None


def test_two_stacks_that_need_the_same_make_it_once(tmp_path: Path, wheels: Path, interpreter: Interpreter) -> None:
    requirements = Requirements(write_requirements(tmp_path / "src", wheels, ["greeting"]))
    waited: list[int] = []

    async def scenario() -> list[VirtualEnvironment]:
        caches = [VirtualEnvironmentCache(tmp_path / "cache") for _ in range(3)]
        return await asyncio.gather(
            *(
                cache.make(requirements, interpreter, Installer(find_uv()), wait=lambda: waited.append(1))
                for cache in caches
            )
        )

    first, *others = asyncio.run(scenario())
    assert others == [first, first]
    assert len(waited) == 2, "each of the others waits once"
    assert [path for path in (tmp_path / "cache").iterdir() if path.is_dir()] == [first.folder]
    assert run(first, "import greeting; print(greeting.WORD)") == "hello"


_MAKE = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
from samrun.pythons.installer import Installer
from samrun.pythons.interpreters import current_interpreter
from samrun.pythons.requirements import Requirements
from samrun.pythons.virtual_environments import VirtualEnvironmentCache

async def main():
    interpreter = await current_interpreter()
    installer = Installer(Path(sys.argv[3]))
    await VirtualEnvironmentCache(Path(sys.argv[1])).make(Requirements(Path(sys.argv[2])), interpreter, installer)

asyncio.run(main())
"""


def test_process_that_is_killed_leaves_no_environment_and_the_next_one_makes_it(
    tmp_path: Path, wheels: Path, interpreter: Interpreter
) -> None:
    requirements = write_requirements(tmp_path / "src", wheels, ["word"])
    installing = tmp_path / "installing"
    slow = tmp_path / "slow-uv"
    slow.write_text(f"#!/bin/sh\ntouch {installing}\nexec sleep 1000\n")
    slow.chmod(0o755)
    command = [sys.executable, "-c", _MAKE, str(tmp_path / "cache"), str(requirements), str(slow)]
    process = subprocess.Popen(command)
    try:
        eventually(installing.exists, what="the installation to begin")
    finally:
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
    cache = VirtualEnvironmentCache(tmp_path / "cache")
    assert list(cache.folder.glob("*.unfinished-*")), "it was killed while it made the environment"
    assert cache.find(Requirements(requirements), interpreter) is None
    made = make(cache.folder, requirements, interpreter)
    assert run(made, "import word; print(word.WORD)") == "hello"
    assert not list(cache.folder.glob("*.unfinished-*"))


def test_installation_that_is_cancelled_ends_the_installer_and_leaves_nothing(
    tmp_path: Path, wheels: Path, interpreter: Interpreter
) -> None:
    requirements = Requirements(write_requirements(tmp_path / "src", wheels, ["word"]))
    pid = tmp_path / "pid"
    slow = tmp_path / "slow-uv"
    slow.write_text(f"#!/bin/sh\necho $$ > {pid}.new && mv {pid}.new {pid}\nexec sleep 1000\n")
    slow.chmod(0o755)

    async def scenario() -> None:
        cache = VirtualEnvironmentCache(tmp_path / "cache")
        making = asyncio.create_task(cache.make(requirements, interpreter, Installer(slow)))
        while not pid.exists():  # noqa: ASYNC110 - another process writes it
            await asyncio.sleep(0.05)
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making

    asyncio.run(scenario())
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid.read_text()), 0)
    assert [path for path in (tmp_path / "cache").iterdir() if path.is_dir()] == []
