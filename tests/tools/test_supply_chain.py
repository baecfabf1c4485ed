"""Supply chain: licences, SBOMs and zips of what is shipped."""

from __future__ import annotations

import json
import os
import re
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tools.supply_chain import __main__ as tool
from tools.supply_chain.artifacts import Artifact, artifacts
from tools.supply_chain.licences import Licences, UnknownLicenceError
from tools.supply_chain.lock_file import LockedPackage, locked_packages
from tools.supply_chain.reproducible_zip import pack
from tools.supply_chain.sbom import sbom

if TYPE_CHECKING:
    from pathlib import Path

NOW = datetime(2026, 11, 22, 10, 15, tzinfo=UTC)
ARTIFACTS = {artifact.name: artifact for artifact in artifacts()}
each_artifact = pytest.mark.parametrize("artifact", artifacts(), ids=lambda artifact: artifact.name)


@pytest.fixture(scope="session")
def licences() -> Licences:
    return Licences.read()


def package(name: str) -> LockedPackage:
    return LockedPackage(name=name, version="1.0", extras=frozenset(), hashes=())


@each_artifact
def test_every_shipped_package_has_an_allowed_licence(artifact: Artifact, licences: Licences) -> None:
    packages = locked_packages(artifact.lock_file)
    assert len(packages) > 15
    assert licences.findings(packages) == []


def test_licence_that_is_not_allowed_is_refused_with_the_packages_name(licences: Licences) -> None:
    planted = replace(licences, packages={**licences.packages, "planted": "AGPL-3.0-only"})
    [finding] = planted.findings([package("boto3"), package("planted")])
    assert finding.startswith("planted has the licence AGPL-3.0-only, which licences.toml does not allow: ")
    assert "add it under `allowed` with the reason, or use another package" in finding


def test_package_whose_licence_cannot_be_read_is_refused(licences: Licences) -> None:
    [finding] = licences.findings([package("no-such-package")])
    assert finding.startswith("no-such-package is not installed here")
    assert "name it in licences.toml" in finding


def test_licence_is_read_from_the_metadata_and_no_licence_is_guessed(licences: Licences) -> None:
    assert licences.licence_of("pydantic") == "MIT"  # an SPDX expression
    assert licences.licence_of("s3transfer") == "Apache-2.0"  # a free text
    assert licences.licence_of("confluent-kafka") == "Apache-2.0"  # a classifier
    # Two classifiers say no "and" and no "or"; "BSD License" is one of several.
    for name in ("aws-lambda-powertools", "jinja2"):
        with pytest.raises(UnknownLicenceError, match=f"{name} names no licence that can be read"):
            replace(licences, packages={}).licence_of(name)


@pytest.mark.parametrize(
    ("expression", "is_allowed"),
    [
        ("MIT", True),
        ("MIT AND Apache-2.0", True),
        ("MIT AND AGPL-3.0-only", False),
        ("MIT OR AGPL-3.0-only", True),
        ("(MIT OR GPL-3.0-only) AND (AGPL-3.0-only OR ISC)", True),
        ("GPL-2.0-only", False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", True),
    ],
)
def test_expressions_are_allowed_by_their_parts(licences: Licences, expression: str, is_allowed: bool) -> None:
    assert licences.is_allowed(expression) is is_allowed


@each_artifact
def test_sbom_is_valid_and_has_every_package_with_version_licence_and_hashes(
    artifact: Artifact, licences: Licences
) -> None:
    text = sbom(artifact, licences, now=NOW)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document = json.loads(text)
    locked = [each for each in locked_packages(artifact.lock_file) if each.name not in artifact.without]
    assert {(each["name"], each["version"]) for each in document["components"]} == {
        (each.name, each.version) for each in locked
    }
    assert [each["name"] for each in document["components"] if not each["licenses"]] == []
    hashes = {each["name"]: _hashes(each) for each in document["components"]}
    assert hashes == {each.name: set(each.hashes) for each in locked}
    assert document["metadata"]["component"]["name"] == artifact.name


def _hashes(component: dict[str, Any]) -> set[str]:
    [distribution] = component["externalReferences"]
    return {each["content"] for each in distribution["hashes"]}


def test_sbom_says_which_package_needs_which(licences: Licences) -> None:
    order, samrun = (_needs(sbom(each, licences, now=NOW)) for each in (ARTIFACTS["order"], ARTIFACTS["samrun"]))
    assert "pkg:pypi/kafka-python" in order["order"]
    assert "pkg:pypi/urllib3" not in order["order"]
    assert "pkg:pypi/urllib3" in order["pkg:pypi/botocore"]
    # An extra that the lock file has, and one that it has not.
    assert "pkg:pypi/cryptography" in samrun["pkg:pypi/pyjwt"]
    assert "pkg:pypi/pydantic" not in order["pkg:pypi/aws-lambda-powertools"]


def _needs(text: str) -> dict[str, set[str]]:
    """Return the dependencies in an SBOM, without versions."""
    return {
        each["ref"].partition("@")[0]: {ref.partition("@")[0] for ref in each.get("dependsOn", [])}
        for each in json.loads(text)["dependencies"]
    }


def test_sbom_is_the_same_each_time_and_another_for_other_content(licences: Licences, tmp_path: Path) -> None:
    artifact = ARTIFACTS["order"]
    assert sbom(artifact, licences, now=NOW) == sbom(artifact, licences, now=NOW)
    changed = tmp_path / "requirements.txt"
    changed.write_text(artifact.lock_file.read_text().replace("kafka-python==", "kafka-python==9"))
    serial_numbers = {
        json.loads(sbom(each, licences, now=NOW))["serialNumber"]
        for each in (artifact, replace(artifact, lock_file=changed))
    }
    assert len(serial_numbers) == 2


def test_command_writes_an_sbom_of_each_artifact(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    assert tool.main(["sbom", "--to", str(tmp_path / "dist")]) == 0
    names = sorted(re.sub(r"-[0-9.]+\.cdx\.json$", "", path.name) for path in (tmp_path / "dist").glob("*.cdx.json"))
    assert names == sorted(artifact.name for artifact in artifacts())
    assert all('"timestamp": "2023-11-14T22:13:20+00:00"' in path.read_text() for path in tmp_path.glob("dist/*"))


def test_zip_depends_on_content_alone(tmp_path: Path) -> None:
    """Not on the times of files, their permissions, and the order in which they were made."""
    for name, files in {"one": ["b.py", "a/c.py", "run"], "two": ["run", "a/c.py", "b.py"]}.items():
        for file in files:
            path = tmp_path / name / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file)
        (tmp_path / name / "run").chmod(0o755 if name == "one" else 0o700)
    (tmp_path / "two/b.py").chmod(0o600)
    (tmp_path / "two/a/__pycache__").mkdir()
    (tmp_path / "two/a/__pycache__/c.pyc").write_bytes(b"code" + bytes(12))  # with the time of its source
    os.utime(tmp_path / "two/b.py", (0, 0))
    for name in ("one", "two"):
        pack(tmp_path / name, tmp_path / f"{name}.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in archive.infolist()}
        assert modes == {"a/c.py": 0o644, "b.py": 0o644, "run": 0o755}
        assert archive.read("a/c.py") == b"a/c.py"


def test_zip_has_byte_code_that_does_not_depend_on_times(tmp_path: Path) -> None:
    compiled = tmp_path / "built/__pycache__/a.cpython-311.pyc"
    compiled.parent.mkdir(parents=True)
    compiled.write_bytes(b"code" + (0b01).to_bytes(4, "little") + bytes(8))
    pack(tmp_path / "built", tmp_path / "built.zip")
    with zipfile.ZipFile(tmp_path / "built.zip") as archive:
        assert archive.namelist() == ["__pycache__/a.cpython-311.pyc"]


def test_zip_of_other_content_is_another(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
        pack(tmp_path / name, tmp_path / f"{name}.zip")
    assert (tmp_path / "one.zip").read_bytes() != (tmp_path / "two.zip").read_bytes()


def test_sbom_has_a_package_that_is_not_for_this_platform(licences: Licences, tmp_path: Path) -> None:
    lock_file = tmp_path / "requirements.txt"
    lock_file.write_text(ARTIFACTS["order"].lock_file.read_text() + f"elsewhere==1.0 --hash=sha256:{'0' * 64}\n")
    named = replace(licences, packages={**licences.packages, "elsewhere": "MIT"})
    document = json.loads(sbom(replace(ARTIFACTS["order"], lock_file=lock_file), named, now=NOW))
    assert "pkg:pypi/elsewhere@1.0" in {each["bom-ref"] for each in document["components"]}
