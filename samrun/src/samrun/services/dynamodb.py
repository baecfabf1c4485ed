"""DynamoDB Local: AWS's own engine. It keeps its tables under the data folder."""

from collections.abc import Sequence
from pathlib import Path

from samrun.services import aot_cache, java, plain_jar
from samrun.supervision.ports import wait_for_port
from samrun.supervision.process import Process

PROGRAM = "com.amazonaws:DynamoDBLocal:2.6.1"

_MAIN_CLASS = "com.amazonaws.services.dynamodbv2.local.main.ServerRunner"
_MAIN_JAR = f"{'-'.join(PROGRAM.split(':')[1:])}.jar"


async def start(
    *, port: int, class_path: str, data: Path, logs: Path, shared: bool, jvm_options: Sequence[str] = ()
) -> Process:
    """Start DynamoDB Local and return at once; `wait_until_ready` waits for it.

    It listens on all addresses of the machine, because it has no option to choose one. It keeps one database, or one
    for each access key and region if it is not `shared`, which `dynamodb_proxy` uses. `jvm_options` are further options
    of its JVM.
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
            *aot_cache.options(class_path),
            *jvm_options,
            *("-cp", _jars(class_path), _MAIN_CLASS),
            *("-port", str(port), "-dbPath", data, "-disableTelemetry"),
            # By default, it lets the pages of every site use it.
            *("-cors", f"http://127.0.0.1:{port}"),
            *(["-sharedDb"] if shared else []),
        ],
        log=logs / "dynamodb.log",
        variables=java.VARIABLES,
    )


def make_cacheable(class_path: str) -> None:
    """Make it possible to write an AOT cache of the program; later starts use the copy that this writes."""
    copy = _plain_jar(class_path)
    if not copy.exists():
        plain_jar.copy_as_plain_jar(Path(class_path).parent / _MAIN_JAR, copy)


def _jars(class_path: str) -> str:
    copy = _plain_jar(class_path)
    return plain_jar.with_plain_jar(class_path, _MAIN_JAR, copy) if copy.exists() else class_path


def _plain_jar(class_path: str) -> Path:
    return Path(class_path).parents[1] / _MAIN_JAR


async def wait_until_ready(port: int) -> None:
    """Wait until DynamoDB Local accepts connections."""
    await wait_for_port(port)
