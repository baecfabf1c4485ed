"""Format of a broker's data: the files that a broker needs before its first start.

Kafka's storage tool writes them, in a JVM of its own that takes a second. They are the same for all brokers of a
version, except two ids. So the tool runs once on a machine: what it wrote is kept beside Kafka's jars, and copied.
"""

import base64
import contextlib
import os
import re
import shutil
import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path

from samrun.services import java
from samrun.supervision.files import write_atomically
from samrun.supervision.process import Process

# A broker whose data have this file is formatted.
_IDS = "meta.properties"
_METADATA = "__cluster_metadata-0"


async def format_data(data: Path, command: Sequence[str | Path], properties: Path, *, kept: Path, log: Path) -> None:
    """Format the folder `data` of a broker with these properties, unless it is formatted.

    `kept` is the folder of an earlier format, or where this one is kept. `command` is the JVM with Kafka's class path.
    """
    if (data / _IDS).exists():
        return
    if (kept / _IDS).exists():
        _copy(kept, data)
    else:
        await _run_storage_tool(data, command, properties, log)
        _save(data, kept)


def kept(class_path: str) -> Path:
    """Return the folder beside the jars in which the format of their version is kept."""
    return Path(class_path.split(os.pathsep)[0]).parents[1] / "formatted"


def _copy(formatted: Path, data: Path) -> None:
    """Format a folder as another one, with ids of its own. The file that says that it is formatted comes last."""
    for file in (formatted / _METADATA).iterdir():
        write_atomically(data / _METADATA / file.name, file.read_bytes())
    ids = (formatted / _IDS).read_text()
    for name in ("cluster.id", "directory.id"):
        ids = re.sub(rf"^{re.escape(name)}=.*$", f"{name}={_new_id()}", ids, flags=re.MULTILINE)
    write_atomically(data / _IDS, ids)


def _save(data: Path, kept: Path) -> None:
    """Keep a format for other brokers. Without it, they only start later: another one has kept it, or nobody may."""
    with contextlib.suppress(OSError), tempfile.TemporaryDirectory(dir=kept.parent, prefix="format-") as folder:
        whole = Path(folder, kept.name)
        # Not `copy`: Kafka lets only its own user read the checkpoint, and every user of an image reads its cache.
        shutil.copytree(data / _METADATA, whole / _METADATA, copy_function=shutil.copyfile)
        shutil.copyfile(data / _IDS, whole / _IDS)
        whole.rename(kept)


async def _run_storage_tool(data: Path, command: Sequence[str | Path], properties: Path, log: Path) -> None:
    tool = await Process.start(
        "Kafka's storage tool",
        [*command, "kafka.tools.StorageTool", "format", f"--cluster-id={_new_id()}", "-c", properties],
        log=log,
        variables=java.VARIABLES,
    )
    try:
        ended = await tool.died()
    finally:
        await tool.stop()
    if not (data / _IDS).exists():
        raise ended


def _new_id() -> str:
    """Return an id in the form of Kafka's."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
