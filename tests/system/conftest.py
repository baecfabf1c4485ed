"""Stacks for the tests of the whole path."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from samrun.testing.fixtures import broker, sockets_collected, start_broker
from tests.project import ROOT, copy_to
from tests.system.order_stack import OrderStack

__all__ = ["broker", "sockets_collected", "start_broker"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the files of a deployment, which a test may change."""
    return copy_to(tmp_path / "project")


@pytest.fixture
def start(tmp_path: Path, project: Path) -> Iterator[Callable[..., OrderStack]]:
    """Starts stacks, on the same data folder if a test names no other; ends those that a test leaves running."""
    started: list[OrderStack] = []

    def start_one(*, data: str = "data", wait: bool = True, **options: Any) -> OrderStack:
        stack = OrderStack(project, tmp_path / data, **options)
        started.append(stack)
        if wait:
            stack.wait_until_ready()
        return stack

    yield start_one
    for stack in started:
        stack.kill()


@pytest.fixture(scope="session")
def samrun_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OrderStack]:
    """One stack for the tests with the fixture `samrun`, which samrun's plugin resets before each."""
    with OrderStack(ROOT, tmp_path_factory.mktemp("shared") / "data") as stack:
        yield stack
        assert stack.stop() == os.EX_OK


@pytest.fixture(scope="session")
def services(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OrderStack]:
    """The services alone, for the tests whose stacks use them as external services, one after the other."""
    with OrderStack(ROOT, tmp_path_factory.mktemp("services") / "data", command="services") as stack:
        yield stack
        assert stack.stop() == os.EX_OK
