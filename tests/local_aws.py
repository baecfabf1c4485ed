"""The local AWS in a process of its own, for the tests that speak to it over HTTP."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local import aws, ports
from local.endpoints import url


@contextmanager
def running(folder: Path) -> Iterator[str]:
    """Run it on a free port, with its mails and logs in the folders of these names, and give its URL."""
    port = ports.claim("aws", 0)
    with asyncio.Runner() as runner:
        process = runner.run(
            aws.start(port=port, addresses=[ports.LOOPBACK], mails=folder / "mails", logs=folder / "logs")
        )
        try:
            runner.run(aws.ready(port))
            yield url(port)
        finally:
            runner.run(process.stop())
