"""DynamoDB Local: AWS's own engine, its tables kept under the data folder."""

from pathlib import Path

from local import java
from local.ports import until_open
from local.process import Process

PROGRAM = "com.amazonaws:DynamoDBLocal:2.6.1"

_MAIN_CLASS = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"


async def start(*, port: int, class_path: str, data: Path, logs: Path) -> Process:
    """Start DynamoDB Local and return at once; `ready` tells when it answers.

    It listens on all addresses of the machine: it has no option for one.
    """
    data.mkdir(parents=True, exist_ok=True)
    return await Process.start(
        "DynamoDB Local",
        [
            java.jvm(),
            *(
                "-Xmx256m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "--enable-native-access=ALL-UNNAMED",
            ),
            *("-cp", class_path, _MAIN_CLASS),
            # Without -sharedDb it keeps a database for each access key and region.
            *("-port", str(port), "-dbPath", data, "-sharedDb", "-disableTelemetry"),
        ],
        log=logs / "dynamodb.log",
    )


async def ready(port: int) -> None:
    """Wait until it answers."""
    await until_open(port)
