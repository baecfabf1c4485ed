"""Fixtures of the tests of the commands: what a command sets for its whole process ends with its test."""

import logging
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def level_of_kafkas_log() -> Iterator[None]:
    """Restore the level of kafka-python's log, which `main` raises: other tests read that log."""
    logger = logging.getLogger("kafka")
    level = logger.level
    yield
    logger.setLevel(level)
