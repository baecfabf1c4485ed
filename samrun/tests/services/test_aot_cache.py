"""AOT cache of a Java program: where it is, which JVMs have one, and when the JVM is told of it."""

import asyncio
import os
from pathlib import Path

import pytest

from samrun.services import aot_cache, java


@pytest.fixture
def class_path(tmp_path: Path) -> str:
    """Return the class path of a program whose jars are in folders below `tmp_path`."""
    (tmp_path / "jars").mkdir()
    return os.pathsep.join(str(tmp_path / part / "*") for part in ("jars", "modules"))


def use_java(monkeypatch: pytest.MonkeyPatch, home: Path, release: str | None) -> None:
    """Have samrun find a JVM in `home` whose file `release` has this text."""
    (home / "bin").mkdir(parents=True)
    if release is not None:
        (home / "release").write_text(release)
    monkeypatch.setattr(java, "jvm", lambda: home / "bin" / "java")


def test_cache_is_beside_the_jars_and_named_by_the_version_of_the_jvm(
    class_path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_java(monkeypatch, tmp_path / "jdk", 'IMPLEMENTOR="X"\nJAVA_VERSION="25.0.2"\n')
    cache = tmp_path / "java-25.0.2.aot"
    assert aot_cache.path(class_path) == cache
    assert aot_cache.options(class_path) == (), "there is none yet"
    cache.touch()
    assert aot_cache.options(class_path) == (f"-XX:AOTCache={cache}",)


@pytest.mark.parametrize("release", [None, "", 'JAVA_VERSION="17.0.9"\n', 'JAVA_VERSION="24"\n'])
def test_jvm_that_knows_no_such_cache_is_told_of_none(
    class_path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, release: str | None
) -> None:
    use_java(monkeypatch, tmp_path / "jdk", release)
    assert aot_cache.path(class_path) is None
    assert aot_cache.options(class_path) == ()


@pytest.mark.parametrize("writes", [True, False])
def test_cache_that_a_run_writes_is_in_place_after_the_run(tmp_path: Path, writes: bool) -> None:
    cache = tmp_path / "java-25.0.2.aot"

    async def run() -> None:
        async with aot_cache.written_by_a_run(cache) as [option]:
            if writes:
                Path(option.removeprefix("-XX:AOTCacheOutput=")).write_text("cache")
            assert not cache.exists()

    asyncio.run(run())
    assert [path.name for path in tmp_path.iterdir()] == ([cache.name] if writes else [])
