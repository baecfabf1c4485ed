"""`samrun fetch`: fetches the Java programs that `samrun up` starts, once for this machine."""

from samrun.services import dynamodb, java, kafka


async def fetch_java_programs() -> None:
    """Fetch Kafka and DynamoDB Local unless they are there, and prepare Kafka for quick starts. Raises JavaError."""
    class_paths = await java.class_paths([dynamodb.PROGRAM, kafka.PROGRAM], progress=print)
    await kafka.write_aot_cache(class_paths[kafka.PROGRAM], progress=print)
