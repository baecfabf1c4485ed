"""The start of a stack: what keeps it from starting is said at once, and in one error."""

import asyncio
import io
import os
from pathlib import Path

import pytest

from samrun.errors import UserError, leaves
from samrun.settings import FREE_PORTS, PORTS, Settings, stack_settings
from samrun.stack import run_stack
from samrun.supervision.data_folder import DataFolderError
from samrun.supervision.ports import PortTakenError, listen
from samrun.supervision.terminal import Terminal

TEMPLATE = Path(__file__).parent / "apps" / "hello" / "template.yaml"


def error_of(settings: Settings) -> UserError:
    """Start a stack, and return the only error that keeps it from starting."""

    async def start() -> None:
        async with run_stack(settings, Terminal(io.StringIO(), settings.data / "logs")):
            pytest.fail("the stack starts")

    with pytest.raises((UserError, ExceptionGroup)) as raised:
        asyncio.run(start())
    if isinstance(raised.value, UserError):
        return raised.value
    assert isinstance(raised.value, ExceptionGroup)
    [error] = leaves(raised.value)
    assert isinstance(error, UserError), error
    return error


def test_all_ports_of_another_stack_are_named_at_once(tmp_path: Path) -> None:
    with listen("console", 0) as first, listen("aws", 0) as second:
        taken = {"console": first.getsockname()[1], "aws": second.getsockname()[1]}
        ports = {**FREE_PORTS, **taken}
        error = error_of(stack_settings(templates=[TEMPLATE], data=tmp_path / "data", ports=ports))
    assert isinstance(error, PortTakenError)
    assert f"The ports {taken['console']} (console), {taken['aws']} (aws) are not available." in str(error)
    assert f"process {os.getpid()}" in str(error)
    assert str(error).endswith("\n" + " ".join(f"--{name}-port 0" for name in PORTS))


def test_full_disk_is_an_error_of_the_data_folder(tmp_path: Path) -> None:
    """The first file of a new folder beside those of the folder itself is the issuer's key."""
    (tmp_path / "data" / "issuer").mkdir(parents=True)
    (tmp_path / "data" / "issuer" / f"key.pem.{os.getpid()}.unfinished").symlink_to("/dev/full")
    error = error_of(stack_settings(templates=[TEMPLATE], data=tmp_path / "data", ports=FREE_PORTS))
    assert isinstance(error, DataFolderError)
    assert str(error) == (
        f"{tmp_path / 'data'}, the folder for data and logs, cannot be written: No space left on device. "
        "Make room there, or choose another with --data."
    )
