"""Fixtures for pytest: a conftest.py imports those that its tests need.

Of `samrun.testing`, only this module and `plugin` need pytest.
"""

import contextlib
import gc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from samrun.testing.broker import Broker


@pytest.fixture(scope="module")
def start_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Broker]]:
    """Start brokers with the options of `Broker`; they end with the module, or when a test closes them."""
    with contextlib.ExitStack() as started:

        def start_one(**options: Any) -> Broker:
            return started.enter_context(Broker(tmp_path_factory.mktemp("broker"), **options))

        yield start_one


@pytest.fixture(scope="module")
def broker(start_broker: Callable[..., Broker]) -> Broker:
    """Return one broker for the tests of a module; a test that stops or freezes it leaves it ready."""
    return start_broker()


@pytest.fixture
def sockets_collected(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Collect the sockets of connections to Kafka that fail in a test.

    kafka-python does not close the sockets of failed connections. pytest keeps them alive in logged errors. This
    fixture collects them before the test ends. The test also needs a filter that ignores the warning
    "unclosed <(socket|ssl)".
    """
    yield
    caplog.get_records("call").clear()
    gc.collect()
