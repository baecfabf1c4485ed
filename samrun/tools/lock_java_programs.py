"""Lock file of the Java programs: each file's path in a Maven repository, its size in bytes, and its SHA-256.

jgo resolves the dependencies of Kafka and DynamoDB Local. `make lock` runs this program.
"""

import hashlib
import json
import logging
import tempfile
from pathlib import Path

from jgo.env import EnvironmentBuilder
from jgo.maven import MavenContext, PythonResolver

from samrun.services import dynamodb, kafka
from samrun.services.java_programs import LOCK, repository


def main() -> None:
    """Write the lock file, with the files that the repository has today."""
    # jgo warns about native libraries in Maven's repository, because they are not jars. They need not be.
    logging.getLogger("jgo").setLevel(logging.ERROR)
    locked = {program: _files(program) for program in (dynamodb.PROGRAM, kafka.PROGRAM)}
    LOCK.write_text(json.dumps(locked, indent=1) + "\n")


def _files(program: str) -> list[dict[str, str | int]]:
    """Return path, size and hash of each file that a program needs, sorted by path."""
    with tempfile.TemporaryDirectory() as folder:
        downloaded = Path(folder, "repository")
        context = MavenContext(resolver=PythonResolver(), repo_cache=downloaded, remote_repos={"maven": repository()})
        built = EnvironmentBuilder(context, cache_dir=Path(folder, "built")).from_endpoint(program)
        needed = {path.name for part in ("jars", "modules") for path in (built.path / part).iterdir()}
        return [
            {
                "path": path.relative_to(downloaded).as_posix(),
                "size": path.stat().st_size,
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
            for path in sorted(downloaded.rglob("*"))
            if path.name in needed
        ]


if __name__ == "__main__":
    main()
