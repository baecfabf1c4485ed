"""Layers of a template: folders with modules for its functions.

https://docs.aws.amazon.com/lambda/latest/dg/python-layers.html
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.support.resource_types import LAYER

# Packages of PyPI that well-known layers contain, by a part of the layer's ARN:
# https://docs.powertools.aws.dev/lambda/python/latest/getting-started/install/
# https://aws-sdk-pandas.readthedocs.io/en/stable/layers.html
_PACKAGES = {
    ":layer:AWSLambdaPowertoolsPython": "aws-lambda-powertools[all]",
    ":layer:AWSSDKPandas": "awswrangler",
}

# The layer of AWS's parameters and secrets extension, whose stand-in samrun has.
_SECRETS_EXTENSION = ":layer:AWS-Parameters-and-Secrets-Lambda-Extension"
_SECRETS_PORT = "PARAMETERS_SECRETS_EXTENSION_HTTP_PORT"
_DEFAULT_SECRETS_PORT = 2773

SESSION_TOKEN = "local"  # noqa: S105 - no local service checks it
"""The AWS_SESSION_TOKEN by which a function proves to the extension that it is one."""


def layer_folders(template: ResolvedTemplate, *, source: Mapping[str, Any], path: Path) -> Iterator[tuple[str, Path]]:
    """Yield the ARN of each layer whose content is a path of this machine, and the path: a folder or a zip."""
    for logical_id, properties in template.of_type(LAYER):
        declared = _content(logical_id, properties, template, source)
        if isinstance(declared, str) and not declared.startswith(("s3://", "https://")):
            yield template.references(logical_id, None), (path.parent / declared).resolve()


def search_path(folder: Path) -> Iterator[Path]:
    """Yield the folders of a layer in which Python looks for modules, in Lambda's order; of a zip, the zip itself.

    Before `sam build`, a layer with a BuildMethod has its modules in the folder itself.
    """
    modules = folder / "python"
    yield from sorted(modules.glob("lib/python3.*/site-packages"))
    yield modules if modules.is_dir() else folder


def packages_of_layers(arns: Iterable[str], layers: Mapping[str, Path]) -> Iterator[str]:
    """Yield the packages of PyPI that stand for well-known layers; those in `layers` are on this machine themselves."""
    for arn in arns:
        if arn not in layers and (package := _package(arn)):
            yield package


def secrets_port(arns: Iterable[str], environment: Mapping[str, Any]) -> int | None:
    """Return the port of the parameters and secrets extension; None if no layer has it."""
    if not any(_SECRETS_EXTENSION in arn for arn in arns):
        return None
    given = str(environment.get(_SECRETS_PORT, ""))
    return int(given) if given.isdecimal() else _DEFAULT_SECRETS_PORT


def ignored_in_layers(functions: Mapping[str, Iterable[str]], layers: Mapping[str, Path]) -> Iterator[str]:
    """Yield a text for each layer of a function that is missed on this machine; the layers' ARNs are by function.

    `layers` are the paths of the layers that the templates declare, by their ARNs. A package stands for a well-known
    layer.
    """
    for logical_id, arns in functions.items():
        for arn in arns:
            if arn in layers:
                yield (
                    f"{logical_id}: the layer {arn}, whose content {layers[arn]} does not exist. Correct the path, or "
                    "build it first"
                )
            elif _package(arn) is None and _SECRETS_EXTENSION not in arn:
                yield f"{logical_id}: the layer {arn}, which is not on this machine"


def ignored_extensions(functions: Mapping[str, Iterable[str]], layers: Mapping[str, Path]) -> Iterator[str]:
    """Yield a text for each layer of a function with extensions; the layers' ARNs are by function."""
    for logical_id, arns in functions.items():
        for arn in arns:
            if arn in layers and (layers[arn] / "extensions").is_dir():
                yield f"{logical_id}: the extensions in {layers[arn]}: samrun runs no extensions of Lambda"


def _content(
    logical_id: str, properties: Mapping[str, Any], template: ResolvedTemplate, source: Mapping[str, Any]
) -> Any:
    declared = source["Resources"]
    content = properties.get("Content", {})
    if logical_id in declared:
        return content
    # A ContentUri with the name of a bucket is in S3, and its key is that of no resource.
    original = declared.get(content.get("S3Key"), {})
    return template.intrinsics.resolve(original.get("Properties", {}).get("ContentUri"))


def _package(arn: str) -> str | None:
    """Return the package of PyPI that a layer contains, if the layer is a known one."""
    return next((package for part, package in _PACKAGES.items() if part in arn), None)
