"""`samrun fetch`: fetches the Java programs that `samrun up` starts, once for this machine."""

from samrun.services import dynamodb, java, kafka
from samrun.settings import DATA
from samrun.supervision.terminal import standard_terminal


async def fetch_java_programs() -> None:
    """Fetch Kafka and DynamoDB Local unless they are there, and prepare Kafka for quick starts. Raises JavaError."""
    terminal = standard_terminal(DATA / "logs")
    class_paths = await java.class_paths([dynamodb.PROGRAM, kafka.PROGRAM], terminal=terminal)
    await kafka.write_aot_cache(class_paths[kafka.PROGRAM], progress=lambda text: terminal.step("java", text))
