"""DynamoDB Local: AWS's own engine. It keeps its tables under the data folder."""

from pathlib import Path

from samrun.services import java
from samrun.supervision.ports import wait_for_port
from samrun.supervision.process import Process

PROGRAM = "com.amazonaws:DynamoDBLocal:2.6.1"

_MAIN_CLASS = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"


async def start(*, port: int, class_path: str, data: Path, logs: Path, shared: bool) -> Process:
    """Start DynamoDB Local and return at once; `wait_until_ready` waits for it.

    It listens on all addresses of the machine, because it has no option to choose one. It keeps one database, or one
    for each access key and region if it is not `shared`, which `dynamodb_proxy` uses.
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
            *("-port", str(port), "-dbPath", data, "-disableTelemetry"),
            # By default, it lets the pages of every site use it.
            *("-cors", f"http://127.0.0.1:{port}"),
            *(["-sharedDb"] if shared else []),
        ],
        log=logs / "dynamodb.log",
        variables=java.VARIABLES,
    )


async def wait_until_ready(port: int) -> None:
    """Wait until DynamoDB Local accepts connections."""
    await wait_for_port(port)
