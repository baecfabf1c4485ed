"""Copy of a jar whose manifest names no further class path.

A JVM refuses an AOT cache for a class path with a folder in it, and the manifest of DynamoDBLocal.jar adds its own.
"""

import os
import re
import tempfile
import zipfile
from pathlib import Path

_MANIFEST = "META-INF/MANIFEST.MF"
# With its further lines, which begin with a blank.
_CLASS_PATH = re.compile(rb"^Class-Path:[^\n]*\n(?: [^\n]*\n)*", re.IGNORECASE | re.MULTILINE)


def copy_as_plain_jar(jar: Path, copy: Path) -> None:
    """Write a copy of a jar without the `Class-Path` of its manifest. It has its place once it is whole."""
    with tempfile.TemporaryDirectory(dir=copy.parent, prefix="jar-") as folder:
        written = Path(folder, copy.name)
        # Without compression: it is written ten times as fast, and read faster.
        with zipfile.ZipFile(jar) as source, zipfile.ZipFile(written, "w", zipfile.ZIP_STORED) as target:
            for entry in source.infolist():
                content = source.read(entry)
                target.writestr(
                    entry.filename, _CLASS_PATH.sub(b"", content) if entry.filename == _MANIFEST else content
                )
        written.rename(copy)


def with_plain_jar(class_path: str, jar: str, copy: Path) -> str:
    """Return the class path of the folder `JARS/*`, its jars by name, with the copy in place of `jar`."""
    folder = Path(class_path).parent
    others = sorted(str(each) for each in folder.glob("*.jar") if each.name != jar)
    return os.pathsep.join([str(copy), *others])
