"""Trimmed artifacts: what stays, what goes, and what is refused."""

from __future__ import annotations

import ast
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from tools.templates import ROOT, SYSTEM, load_template
from tools.trim.__main__ import main
from tools.trim.built_functions import kept_by
from tools.trim.bytecode import compile_artifact, interpreter_of
from tools.trim.errors import TrimError
from tools.trim.large_data import keep_locales, remove_packages

if TYPE_CHECKING:
    from pathlib import Path

# Byte code is written by the Python of the artifact.
pytestmark = pytest.mark.processes

TEMPLATE = """
Resources:
  First:
    Type: AWS::Serverless::Function
    Metadata: {{Artifact: {{AwsServices: [dynamodb]}}}}
    Properties: {{CodeUri: First, Handler: handler.handler}}
  Second:
    Type: AWS::Serverless::Function
    {metadata}
    Properties: {{CodeUri: {code}, Handler: handler.handler}}
  Table:
    Type: AWS::DynamoDB::Table
"""


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A build of two functions, each with a part of botocore."""
    folder = tmp_path / "build"
    for name in ("First", "Second"):
        (folder / name).mkdir(parents=True)
        (folder / name / "handler.py").write_text("def handler(event, context):\n    return {}\n")
        for service in ("dynamodb", "sqs"):
            (folder / name / "botocore/data" / service).mkdir(parents=True)
    write_template(folder)
    return folder


def write_template(build: Path, *, metadata: str = "DependsOn: Table", code: str = "Second") -> None:
    (build / "template.yaml").write_text(TEMPLATE.format(metadata=metadata, code=code))


def trim(build: Path) -> int:
    return main(["--build", str(build), "--python", sys.executable])


def services(artifact: Path) -> list[str]:
    return sorted(folder.name for folder in (artifact / "botocore/data").iterdir())


def test_a_function_keeps_the_services_that_its_metadata_names(build: Path) -> None:
    assert trim(build) == 0
    assert services(build / "First") == ["dynamodb"]


def test_a_function_without_metadata_keeps_everything_and_has_byte_code(build: Path) -> None:
    assert trim(build) == 0
    assert services(build / "Second") == ["dynamodb", "sqs"]
    [compiled] = (build / "Second/__pycache__").iterdir()
    assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 0b01  # unchecked hash, PEP 552


def test_what_was_trimmed_can_be_trimmed_again(build: Path) -> None:
    assert trim(build) == 0
    before = sorted(path for path in build.rglob("*"))
    assert trim(build) == 0
    assert sorted(path for path in build.rglob("*")) == before


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ("Metadata: {Artifact: {AwsServices: [dinamodb]}}", "botocore knows no AWS service dinamodb"),
        (
            "Metadata: {Artifact: {AwsService: [dynamodb]}}",
            "Second: Metadata.Artifact has no AwsService; it has AwsSer",
        ),
        ("Metadata: {Artifact: {WithoutPackages: [babel]}}", "says WithoutPackages babel, and it has no such package"),
    ],
)
def test_metadata_that_names_what_does_not_exist_is_an_error(
    build: Path, capsys: pytest.CaptureFixture[str], metadata: str, message: str
) -> None:
    write_template(build, metadata=metadata)
    assert trim(build) == 1
    assert message in capsys.readouterr().err


def test_functions_that_share_an_artifact_must_keep_the_same(build: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_template(build, code="First")
    assert trim(build) == 1
    assert "First and Second share the artifact First, and their Metadata.Artifact differ" in capsys.readouterr().err
    assert services(build / "First") == ["dynamodb", "sqs"]


def test_the_sources_of_a_function_that_was_not_built_are_left_alone(build: Path) -> None:
    """`sam build First` names the sources of Second, and they are the developer's."""
    sources = build.parent / "functions/second"
    shutil.copytree(build / "Second", sources)
    write_template(build, metadata="Metadata: {Artifact: {AwsServices: [dynamodb]}}", code="../functions/second")
    assert trim(build) == 0
    assert services(sources) == ["dynamodb", "sqs"]
    assert not (sources / "__pycache__").exists()


def test_a_folder_without_a_build_is_an_error_that_says_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trim(tmp_path) == 1
    assert "Run `sam build` first" in capsys.readouterr().err


def test_locales_stay_with_those_that_they_inherit_from(tmp_path: Path) -> None:
    data = tmp_path / "babel/locale-data"
    data.mkdir(parents=True)
    for name in ("root", "en", "en_001", "es", "es_419", "es_AR", "pt", "vi"):
        (data / f"{name}.dat").touch()
    keep_locales(tmp_path, ["es-AR", "vi"])
    assert sorted(path.stem for path in data.iterdir()) == ["es", "es_419", "es_AR", "root", "vi"]


def test_a_package_goes_with_all_its_files_and_leaves_others_of_its_namespace(tmp_path: Path) -> None:
    for name in ("shared/first.py", "shared/second.py", "First_Package-1.0.dist-info/METADATA"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "First_Package-1.0.dist-info/RECORD").write_text(
        "shared/first.py,,\nFirst_Package-1.0.dist-info/METADATA,,\nFirst_Package-1.0.dist-info/RECORD,,\n"
    )
    remove_packages(tmp_path, ["first-package"])
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["second.py"]
    assert not (tmp_path / "First_Package-1.0.dist-info").exists()


def test_files_outside_the_artifact_are_never_removed(tmp_path: Path) -> None:
    """A distribution's record may name a script beside its folder, such as ../../bin/tool."""
    artifact, script = tmp_path / "artifact", tmp_path / "bin/tool"
    info = artifact / "tool-1.0.dist-info"
    info.mkdir(parents=True)
    script.parent.mkdir()
    script.touch()
    (info / "METADATA").touch()
    (info / "RECORD").write_text("../bin/tool,,\ntool-1.0.dist-info/METADATA,,\ntool-1.0.dist-info/RECORD,,\n")
    remove_packages(artifact, ["tool"])
    assert script.exists()
    assert not info.exists()


def test_byte_code_is_the_same_in_each_build_and_names_the_paths_of_lambda(tmp_path: Path) -> None:
    compiled = []
    for name in ("first", "second"):
        artifact = tmp_path / name
        artifact.mkdir()
        (artifact / "handler.py").write_text(
            "WORDS = {'a', 'b', 'c'}\n\n\ndef handler(event, context):\n    return 1\n"
        )
        compile_artifact(artifact, sys.executable)
        compiled.append(next((artifact / "__pycache__").iterdir()).read_bytes())
    assert compiled[0] == compiled[1]
    assert b"/var/task/handler.py" in compiled[0]
    assert str(tmp_path).encode() not in compiled[0]


def test_a_module_that_is_no_python_is_an_error_that_names_it(tmp_path: Path) -> None:
    (tmp_path / "handler.py").write_text("def handler(\n")
    with pytest.raises(TrimError, match=r"handler\.py"):
        compile_artifact(tmp_path, sys.executable)


@pytest.mark.parametrize(
    ("files", "message"),
    [([], "for 0 versions"), (["a.cpython-311-x.so", "b.cpython-314-x.so"], "for 2 versions")],
)
def test_an_artifact_that_does_not_say_its_python_is_an_error(tmp_path: Path, files: list[str], message: str) -> None:
    for name in files:
        (tmp_path / name).touch()
    with pytest.raises(TrimError, match=message):
        interpreter_of(tmp_path)


def test_the_python_of_an_artifact_must_be_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "core.cpython-399-x86_64-linux-gnu.so").touch()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(TrimError, match=r"python3\.99 is not on the PATH.*uv python install 3\.99"):
        interpreter_of(tmp_path)


def test_every_service_of_which_a_function_makes_a_client_stays_in_its_artifact() -> None:
    """A client of a service that is not in the artifact would fail in Lambda alone."""
    kept = {
        resource["Properties"]["CodeUri"]: kept_by(name, resource).services or frozenset()
        for name, resource in load_template(SYSTEM)["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
        and kept_by(name, resource).services is not None
        and not kept_by(name, resource).without
    }
    called = {folder: set(called_services(ROOT / folder)) for folder in kept}
    assert all(called.values())
    assert [folder for folder, services in called.items() if services - kept[folder]] == []


def called_services(folder: Path) -> list[str]:
    """Return the services of all `client("…")`; secretsmanager, too, where Powertools reads secrets."""
    found = []
    for path in folder.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Attribute(attr="client"), args=[ast.Constant(value=service), *_]):
                    found.append(str(service))
                case ast.Call(func=ast.Attribute(attr="client")):
                    raise AssertionError(f"{path}:{node.lineno}: name the service in the call")
                case ast.ImportFrom(module="aws_lambda_powertools.utilities.parameters"):
                    found.append("secretsmanager")
    return found
