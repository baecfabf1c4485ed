"""Watcher: which changes of files restart which functions."""

import asyncio
import os
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from samrun.functions.watcher import FolderNameError, changed_functions
from samrun.template.model.functions import Function
from support.python_function import create_function, running_runtime


def changes(functions: list[Function], *edits: Callable[[], object], ignored: Path) -> list[list[str]]:
    """Make the edits, then one of the last function, and return the functions that changed until then."""

    async def scenario() -> list[list[str]]:
        watching, found = asyncio.Event(), asyncio.Queue[list[str]]()

        async def watch() -> None:
            async for changed in changed_functions(functions, ignored=ignored, watching=watching):
                found.put_nowait([function.name for function in changed])

        task = asyncio.create_task(watch())
        await watching.wait()
        for edit in edits:
            edit()
        await asyncio.sleep(0.5)  # longer than the watcher's own step, so that the last edit comes alone
        (functions[-1].code / "main.py").write_text("# edited")
        seen: list[list[str]] = []
        while not seen or functions[-1].name not in seen[-1]:
            seen.append(await asyncio.wait_for(found.get(), 60))
        task.cancel()
        return seen

    return asyncio.run(scenario())


def two_functions(folder: Path) -> list[Function]:
    """Return the function First, with the project itself as its code, and Last beside the project."""
    (folder / "project" / ".local" / "logs").mkdir(parents=True)
    (folder / "last").mkdir()
    first, last = create_function(folder / "project"), create_function(folder / "last")
    return [replace(first, name="First"), replace(last, name="Last")]


def test_file_to_which_samrun_prints_restarts_nothing(tmp_path: Path) -> None:
    functions = two_functions(tmp_path)
    file, before = functions[0].code / "printed.txt", os.dup(1)
    with file.open("wb") as printed:
        os.dup2(printed.fileno(), 1)
        try:
            seen = changes(functions, lambda: os.write(1, b"a line"), ignored=tmp_path / "data")
        finally:
            os.dup2(before, 1)
            os.close(before)
    assert file.read_bytes() == b"a line"
    assert seen == [["Last"]]


def test_log_beside_the_code_restarts_nothing(tmp_path: Path) -> None:
    functions = two_functions(tmp_path)
    log = functions[0].code / "samrun.log"
    assert changes(functions, lambda: log.write_text("a line"), ignored=tmp_path / "data") == [["Last"]]


def test_data_of_the_stack_and_products_of_tools_restart_nothing(tmp_path: Path) -> None:
    functions = two_functions(tmp_path)
    project = functions[0].code

    def build() -> None:
        (project / ".aws-sam" / "build").mkdir(parents=True)
        (project / ".aws-sam" / "build" / "main.py").write_text("")

    def log() -> None:
        (project / ".local" / "logs" / "Fn.log").write_text("a line")

    assert changes(functions, log, build, ignored=project / ".local") == [["Last"]]


def test_code_in_a_folder_with_the_name_of_a_product_is_watched(tmp_path: Path) -> None:
    """So one may run the template that `sam build` made."""
    functions = two_functions(tmp_path / ".aws-sam" / "build")

    def edit() -> None:
        (functions[0].code / "main.py").write_text("")

    assert changes(functions, edit, ignored=tmp_path / "data") == [["First"], ["Last"]]


def test_layer_restarts_its_functions(tmp_path: Path) -> None:
    functions = two_functions(tmp_path)
    layer = tmp_path / "layer"
    layer.mkdir()
    functions[0] = replace(functions[0], watched=(*functions[0].watched, layer))

    def edit() -> None:
        (layer / "shared.py").write_text("")

    assert changes(functions, edit, ignored=tmp_path / "data") == [["First"], ["Last"]]


def test_folder_whose_name_is_no_text_is_an_error_that_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "caf\udce9").mkdir()  # in Latin-1, or read in the locale C
    function = create_function(tmp_path / "caf\udce9")

    async def watch() -> None:
        async for _ in changed_functions([function], ignored=tmp_path / ".local", watching=asyncio.Event()):
            pass

    with pytest.raises(FolderNameError, match=r"caf\\udce9': this name is not in UTF-8.*set PYTHONUTF8=1"):
        asyncio.run(watch())


@pytest.mark.processes
def test_zip_that_is_built_again_runs_anew(tmp_path: Path) -> None:
    archive = tmp_path / "built" / "code.zip"
    archive.parent.mkdir()

    def build(code: str) -> None:
        with zipfile.ZipFile(archive, "w") as written:
            written.writestr("main.py", code)

    async def scenario() -> bytes:
        build("def echo(*_): return 'old'")
        function = replace(create_function(tmp_path), code=archive, watched=(archive,))
        changed, watching = asyncio.Event(), asyncio.Event()
        async with running_runtime(function) as runtime:
            assert (await runtime.invoke("Fn", b"{}")).payload == b'"old"'
            reload = asyncio.create_task(runtime.reload(lambda _: changed.set(), watching=watching))
            await watching.wait()
            build("def echo(*_): return 'new'")
            await asyncio.wait_for(changed.wait(), 60)
            result = await runtime.invoke("Fn", b"{}")
            reload.cancel()
            return result.payload

    assert asyncio.run(scenario()) == b'"new"'


@pytest.mark.processes
def test_folder_that_was_deleted_is_watched_again_when_it_is_back(tmp_path: Path) -> None:
    code = tmp_path / "built" / "Fn"

    def build(result: str) -> None:
        code.mkdir(parents=True)
        (code / "main.py").write_text(f"def echo(*_): return {result!r}")

    async def scenario() -> list[bytes]:
        build("first")
        function = replace(create_function(code, None), watched=(code,))
        reloaded, watching, lines = asyncio.Queue[None](), asyncio.Event(), list[str]()
        async with running_runtime(function, log=lines) as runtime:
            reload = asyncio.create_task(runtime.reload(lambda _: reloaded.put_nowait(None), watching=watching))
            await watching.wait()

            async def result(expected: bytes) -> bytes:
                """Return the result as soon as it is the expected one: a build may be seen in two parts."""
                payload = b""
                while payload != expected:
                    await asyncio.wait_for(reloaded.get(), 60)
                    payload = (await runtime.invoke("Fn", b"{}")).payload
                return payload

            shutil.rmtree(code.parent)
            while not any("is not there" in line for line in lines):  # noqa: ASYNC110 - a list has no event
                await asyncio.sleep(0.05)
            build("second")
            found = [await result(b'"second"')]
            shutil.rmtree(code.parent)
            build("third")
            found.append(await result(b'"third"'))
            (code / "main.py").write_text("def echo(*_): return 'fourth'")
            found.append(await result(b'"fourth"'))
            reload.cancel()
            return found

    assert asyncio.run(scenario()) == [b'"second"', b'"third"', b'"fourth"']
