"""Stacks for the tests of the whole path."""

import contextlib
import gc
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.project import copy_to
from tests.system.broker import Broker
from tests.system.running import ROOT, RunningStack


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what a deployment is made of, which a test may change."""
    return copy_to(tmp_path / "project")


@pytest.fixture
def start(tmp_path: Path, project: Path) -> Iterator[Callable[..., RunningStack]]:
    """Starts stacks, on the same data folder unless told otherwise; ends what a test leaves running."""
    started: list[RunningStack] = []

    def start_one(*, data: str = "data", ready: bool = True, **options: Any) -> RunningStack:
        stack = RunningStack(project, tmp_path / data, **options)
        started.append(stack)
        if ready:
            stack.wait_until_ready()
        return stack

    yield start_one
    for stack in started:
        stack.kill()


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """One stack for the tests that leave it as it was."""
    stack = RunningStack(ROOT, tmp_path_factory.mktemp("shared") / "data")
    try:
        stack.wait_until_ready()
        yield stack
        assert stack.stop() == os.EX_OK
    finally:
        stack.kill()


@pytest.fixture(scope="module")
def start_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Broker]]:
    """Starts brokers with the options of `Broker`; they end with the module, or when a test closes them."""
    with contextlib.ExitStack() as started:

        def start_one(**options: Any) -> Broker:
            return started.enter_context(Broker(tmp_path_factory.mktemp("broker"), **options))

        yield start_one


@pytest.fixture(scope="module")
def broker(start_broker: Callable[..., Broker]) -> Broker:
    """One broker for the tests of a module; who hurts it leaves it ready."""
    return start_broker()


@pytest.fixture
def sockets_collected(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """For tests in which connections to Kafka fail; they ignore the warning "unclosed <(socket|ssl)", too.

    kafka-python leaves the sockets of failed connections to the garbage collector, and pytest keeps them alive with
    the errors that were logged: they are collected while the test's filter of warnings holds.
    """
    yield
    caplog.get_records("call").clear()
    gc.collect()
