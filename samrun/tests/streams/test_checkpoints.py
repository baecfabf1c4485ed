"""Checkpoints of a trigger."""

from pathlib import Path

from samrun.streams.checkpoints import Checkpoints


def test_checkpoints_are_kept_for_the_same_stream_alone(tmp_path: Path) -> None:
    file = tmp_path / "streams" / "Trigger.json"
    first = Checkpoints(file=file, stream="one")
    assert not first
    first.set("shard", "7")
    assert (Checkpoints(file=file, stream="one").get("shard"), bool(first)) == ("7", True)
    other = Checkpoints(file=file, stream="two")
    assert not other
    assert other.get("shard") is None


def test_checkpoints_without_a_file_are_in_memory() -> None:
    checkpoints = Checkpoints(file=None, stream="one")
    checkpoints.set("shard", "7")
    assert checkpoints.get("shard") == "7"
