"""Where the parts of a stack are; also kept in a file, for whoever wants to use them."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from local.files import write_whole
from local.ports import LOOPBACK

FILE = "endpoints.json"


@dataclass(frozen=True, kw_only=True)
class Endpoints:
    """URLs, and host:port for Kafka. None: that part does not run."""

    api: str | None
    # The key is `lambda`, which Python keeps for itself.
    lambda_: str | None
    console: str
    aws: str
    dynamodb: str
    kafka: str

    def by_name(self) -> Mapping[str, str]:
        """Return those that run, by their public names."""
        return {name.rstrip("_"): address for name, address in asdict(self).items() if address}

    def write(self, data: Path) -> Path:
        """Write them to the stack's data folder, whole or not at all; return the file."""
        return write_whole(data / FILE, json.dumps(self.by_name(), indent=2) + "\n")


def url(port: int) -> str:
    """Return the URL of a port of this machine."""
    return f"http://{LOOPBACK}:{port}"
