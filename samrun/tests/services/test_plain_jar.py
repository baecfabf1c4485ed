"""Copy of a jar whose manifest names no further class path."""

import zipfile
from pathlib import Path

import pytest

from samrun.services.plain_jar import copy_as_plain_jar, with_plain_jar

MANIFEST = (
    b"Manifest-Version: 1.0\r\nMain-Class: org.example.Main\r\n"
    b"Class-Path: . log4j2.xml lib/a-very-long-name-that-goes-on-in-the-next-\r\n line.jar lib/\r\n b.jar\r\n"
    b"Bundle-Name: Example\r\n\r\n"
)
PLAIN = b"Manifest-Version: 1.0\r\nMain-Class: org.example.Main\r\nBundle-Name: Example\r\n\r\n"


@pytest.mark.parametrize("newline", [b"\r\n", b"\n"])
def test_copy_has_everything_but_the_class_path_of_the_manifest(tmp_path: Path, newline: bytes) -> None:
    jar, copy = tmp_path / "jars" / "main.jar", tmp_path / "main.jar"
    jar.parent.mkdir()
    other = b"Class-Path: text of the program\n"
    with zipfile.ZipFile(jar, "w", zipfile.ZIP_DEFLATED) as entries:
        entries.writestr("META-INF/MANIFEST.MF", MANIFEST.replace(b"\r\n", newline))
        entries.writestr("org/example/", b"")
        entries.writestr("org/example/text", other)
    copy_as_plain_jar(jar, copy)
    with zipfile.ZipFile(copy) as entries:
        assert entries.namelist() == ["META-INF/MANIFEST.MF", "org/example/", "org/example/text"]
        assert entries.read("META-INF/MANIFEST.MF") == PLAIN.replace(b"\r\n", newline)
        assert entries.read("org/example/text") == other
    assert sorted(path.name for path in tmp_path.iterdir()) == ["jars", "main.jar"], "nothing else is left"


def test_class_path_has_the_copy_first_and_each_other_jar(tmp_path: Path) -> None:
    folder = tmp_path / "jars"
    folder.mkdir()
    for name in ("b.jar", "main.jar", "a.jar", "library.so"):
        (folder / name).touch()
    found = with_plain_jar(str(folder / "*"), "main.jar", tmp_path / "main.jar")
    assert found.split(":") == [str(tmp_path / "main.jar"), str(folder / "a.jar"), str(folder / "b.jar")]
