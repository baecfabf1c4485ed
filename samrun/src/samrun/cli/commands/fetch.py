"""`samrun fetch`: fetches the Java programs that `samrun up` starts, once for this machine."""

import argparse

from samrun.cli.main import INTERRUPTED
from samrun.cli.run_until_signal import run_until_signal
from samrun.endpoints import DATA
from samrun.services import dynamodb, java, kafka, quick_starts
from samrun.supervision.terminal import standard_terminal

DESCRIPTION = (
    "Fetches Kafka and DynamoDB Local, once for this machine, as `samrun up` does too. With Java 25 or newer it also "
    "prepares both, which then start in half the time."
)
EXAMPLES = ("samrun fetch",)


def add_options(_parser: argparse.ArgumentParser) -> None:
    """Add no options: the command has none."""


def run(_options: argparse.Namespace) -> int:
    """Fetch the programs unless they are there."""
    return run_until_signal(_fetch_java_programs(), interrupted=INTERRUPTED)


async def _fetch_java_programs() -> None:
    """Fetch Kafka and DynamoDB Local unless they are there, and prepare them for quick starts. Raises JavaError."""
    terminal = standard_terminal(DATA / "logs")
    class_paths = await java.class_paths([dynamodb.PROGRAM, kafka.PROGRAM], terminal=terminal)
    await quick_starts.write_aot_caches(class_paths, progress=lambda text: terminal.step("java", text))
