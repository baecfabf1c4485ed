"""Deployment packages that are no folder: zips, single files, inline code; and layers."""

import asyncio
import json
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from samrun.functions.deployment_package import PackageError, unpack
from samrun.template.model.functions import Function
from support.python_function import create_function, running_runtime

CODE = "def handler(event, context): return 'first'"


@pytest.fixture
def function(tmp_path: Path) -> Function:
    return create_function(tmp_path, CODE, handler="main.handler")


def zipped(folder: Path, code: str) -> Path:
    with zipfile.ZipFile(folder / "code.zip", "w") as archive:
        archive.writestr("main.py", code)
    return folder / "code.zip"


def invoke(function: Function) -> object:
    async def scenario() -> object:
        async with running_runtime(function) as runtime:
            return json.loads((await runtime.invoke("Fn", b"{}")).payload)

    return asyncio.run(scenario())


def test_function_runs_from_a_zip(function: Function, tmp_path: Path) -> None:
    assert invoke(replace(function, code=zipped(tmp_path, "def handler(*_): return 'zipped'"))) == "zipped"


def test_single_file_is_alone_in_its_package(function: Function, tmp_path: Path) -> None:
    (tmp_path / "beside.py").write_text("")
    code = "import os\ndef handler(*_): return os.listdir(os.environ['LAMBDA_TASK_ROOT'])"
    (tmp_path / "main.py").write_text(code)
    assert set(invoke(replace(function, code=tmp_path / "main.py"))) - {"__pycache__"} == {"main.py"}  # type: ignore[call-overload]


def test_inline_code_runs(function: Function) -> None:
    inline = replace(
        function, code=Path("index.py"), handler="index.handler", inline_code="handler = lambda *_: 'inline'"
    )
    assert invoke(inline) == "inline"


def test_folder_is_run_where_it_is(function: Function, tmp_path: Path) -> None:
    assert unpack(function, tmp_path / "packages") is function


def test_zip_that_cannot_be_read_is_an_error_that_names_it(function: Function, tmp_path: Path) -> None:
    (tmp_path / "code.zip").write_text("no zip")
    with pytest.raises(PackageError, match=r"Fn: .*code.zip cannot be read as a zip: .* Build it again"):
        unpack(replace(function, code=tmp_path / "code.zip"), tmp_path / "packages")


def test_own_code_is_found_before_a_layer_and_a_layer_before_the_packages_of_samrun(
    function: Function, tmp_path: Path
) -> None:
    layer = tmp_path / "layer"
    layer.mkdir()
    for module in ("main", "shared", "httpx"):
        (layer / f"{module}.py").write_text(f"NAME = {module!r} + ' of the layer'")
    code = "import httpx, shared\ndef handler(*_): return [shared.NAME, httpx.NAME]"
    (tmp_path / "main.py").write_text(code)
    assert invoke(replace(function, layers=(layer,))) == ["shared of the layer", "httpx of the layer"]


def test_layer_that_is_a_zip_is_unpacked(function: Function, tmp_path: Path) -> None:
    layer, other = tmp_path / "layer.zip", tmp_path / "other"
    other.mkdir()
    (other / "shared.py").write_text("NAME = 'of the folder'")
    with zipfile.ZipFile(layer, "w") as archive:
        archive.writestr("python/shared.py", "NAME = 'of the zip'")
        archive.writestr("python/lib/python3.13/site-packages/package.py", "NAME = 'of its packages'")
    (tmp_path / "main.py").write_text("import shared, package\ndef handler(*_): return [shared.NAME, package.NAME]")
    assert invoke(replace(function, layers=(layer, other))) == ["of the zip", "of its packages"]


def test_layer_that_cannot_be_read_as_a_zip_is_an_error_that_names_it(function: Function, tmp_path: Path) -> None:
    (tmp_path / "layer.zip").write_text("no zip")
    with pytest.raises(PackageError, match=r"Fn: .*layer.zip cannot be read as a zip: .* Build it again"):
        unpack(replace(function, layers=(tmp_path / "layer.zip",)), tmp_path / "packages")


@pytest.mark.parametrize("name", ["folder", "main.py", "code.zip"])
def test_code_that_is_gone_is_an_error_that_names_it(function: Function, tmp_path: Path, name: str) -> None:
    with pytest.raises(PackageError, match=rf"Fn: its code .*{name} is not there. Build it again"):
        unpack(replace(function, code=tmp_path / "gone" / name), tmp_path / "packages")
