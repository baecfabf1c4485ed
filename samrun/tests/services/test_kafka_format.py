"""Format of a broker's data: kept once for a machine, and copied with ids of its own."""

import asyncio
import os
from pathlib import Path

import pytest

from samrun.services import kafka_format
from samrun.supervision.process import ProcessDiedError

pytestmark = pytest.mark.processes

CHECKPOINT = "00000000000000000000-0000000000.checkpoint"
IDS = "#\ncluster.id=01-bAKHNRRujH7sOFK6eDQ\ndirectory.id=zsUEW82U9HqclBUn2Jl1zQ\nnode.id=1\nversion=1\n"
# It does what Kafka's storage tool does, with the arguments that it gets.
TOOL = f"""
import sys
from pathlib import Path

[main, command, cluster, option, properties] = sys.argv[1:]
assert (main, command, option) == ("kafka.tools.StorageTool", "format", "-c")
data = Path(Path(properties).read_text())
(data / "__cluster_metadata-0").mkdir(parents=True)
(data / "__cluster_metadata-0" / "{CHECKPOINT}").write_bytes(b"features")
(data / "__cluster_metadata-0" / "{CHECKPOINT}").chmod(0o400)
(data / "meta.properties").write_text({IDS!r}.replace("01-bAKHNRRujH7sOFK6eDQ", cluster.partition("=")[2]))
"""


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """Return the folder of a program, with a storage tool instead of its jars."""
    folder = tmp_path / "program"
    (folder / "jars").mkdir(parents=True)
    (folder / "tool.py").write_text(TOOL)
    return folder


def prepare(data: Path, program: Path) -> dict[str, str]:
    """Format a folder, and return what is in the file that says so."""
    properties = program / f"{data.name}.properties"
    properties.write_text(str(data))
    class_path = os.pathsep.join(str(program / part / "*") for part in ("jars", "modules"))
    command = ("python3", program / "tool.py")
    kept = kafka_format.kept(class_path)
    log = program / "format.log"
    asyncio.run(kafka_format.format_data(data, command, properties, kept=kept, log=log))
    lines = (data / "meta.properties").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if not line.startswith("#"))


def test_second_broker_gets_the_format_of_the_first_without_the_tool(program: Path, tmp_path: Path) -> None:
    first = prepare(tmp_path / "first", program)
    (program / "tool.py").unlink()
    second, third = prepare(tmp_path / "second", program), prepare(tmp_path / "third", program)
    for each in (second, third):
        assert each.keys() == first.keys()
        assert (each["node.id"], each["version"]) == (first["node.id"], first["version"])
        assert all(len(each[name]) == len(first[name]) for name in ("cluster.id", "directory.id"))
    for name in ("cluster.id", "directory.id"):
        assert len({first[name], second[name], third[name]}) == 3, "no two brokers have the same"
    assert (tmp_path / "third" / "__cluster_metadata-0" / CHECKPOINT).read_bytes() == b"features"


def test_data_that_are_formatted_stay_as_they_are(program: Path, tmp_path: Path) -> None:
    first = prepare(tmp_path / "first", program)
    assert prepare(tmp_path / "first", program) == first


def test_copy_that_was_cut_off_is_made_again(program: Path, tmp_path: Path) -> None:
    prepare(tmp_path / "first", program)
    prepare(tmp_path / "second", program)
    (tmp_path / "second" / "meta.properties").unlink()
    (tmp_path / "second" / "__cluster_metadata-0" / CHECKPOINT).write_bytes(b"feat")
    prepare(tmp_path / "second", program)
    assert (tmp_path / "second" / "__cluster_metadata-0" / CHECKPOINT).read_bytes() == b"features"


def test_format_that_cannot_be_kept_is_made_each_time(program: Path, tmp_path: Path) -> None:
    (program / "formatted").touch()  # no folder can be put there
    first, second = prepare(tmp_path / "first", program), prepare(tmp_path / "second", program)
    assert first["cluster.id"] != second["cluster.id"]
    assert not list(program.glob("format-*"))


def test_every_user_can_read_the_format_that_is_kept(program: Path, tmp_path: Path) -> None:
    """An image has the cache of the user who made it, and `docker run --user` is another one."""
    prepare(tmp_path / "first", program)
    kept = [file for file in (program / "formatted").rglob("*") if file.is_file()]
    assert {file.name for file in kept} == {CHECKPOINT, "meta.properties"}
    assert [file for file in kept if file.stat().st_mode & 0o444 != 0o444] == []


def test_tool_that_fails_is_an_error_with_its_log(program: Path, tmp_path: Path) -> None:
    (program / "tool.py").write_text("raise SystemExit('no space left')")
    with pytest.raises(ProcessDiedError, match=r"Kafka's storage tool"):
        prepare(tmp_path / "first", program)
    assert "no space left" in (program / "format.log").read_text()
    assert not (program / "formatted").exists()
