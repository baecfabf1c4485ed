"""Code of a function: the place that the template gives it, in SAM's form or in CloudFormation's.

SAM has CodeUri and InlineCode, and CloudFormation has Code with ZipFile or S3Bucket. `sam package` and `aws
cloudformation package` accept a path of this machine for each of the others:
https://docs.aws.amazon.com/cli/latest/reference/cloudformation/package.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samrun.template.errors import TemplateError
from samrun.template.resolution.resolved_template import ResolvedTemplate

SERVERLESS_FUNCTION = "AWS::Serverless::Function"
# CloudFormation gives inline code this name:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-lambda-function-code.html
_INLINE_FILE = Path("index.py")


@dataclass(frozen=True, kw_only=True)
class LocalCode:
    """Code on this machine: a folder or a file, of which `watched` are the developer's own files.

    `code_uri` is the folder that the template names, if it names one.
    """

    root: Path
    watched: tuple[Path, ...]
    code_uri: Path | None = None
    inline: str | None = None


@dataclass(frozen=True, kw_only=True)
class RemoteCode:
    """Code in S3."""


def code_of(
    logical_id: str, template: ResolvedTemplate, *, source: Mapping[str, Any], path: Path
) -> LocalCode | RemoteCode:
    """Return the code of a function. `source` is the untranslated template, at `path`. Raises TemplateError."""
    declared = _declared(logical_id, template, source)
    match declared:
        case {"ZipFile": str() as text}:
            return LocalCode(root=_INLINE_FILE, watched=(), inline=text)
        case str() if not declared.startswith(("s3://", "https://")):
            return _at(path.parent / declared, logical_id, source=source, path=path)
        case {"ImageUri": _}:
            return _image(logical_id, source=source, path=path)
    return RemoteCode()


def _declared(logical_id: str, template: ResolvedTemplate, source: Mapping[str, Any]) -> Any:
    """Return the path of the code, or an object in the form of CloudFormation's Code."""
    resource = source["Resources"][logical_id]
    properties = resource.get("Properties", {})
    if resource["Type"] != SERVERLESS_FUNCTION:
        return template.intrinsics.resolve(properties.get("Code", {}))
    common = source.get("Globals", {}).get("Function", {})
    if properties.get("PackageType", common.get("PackageType")) == "Image":
        return {"ImageUri": ""}
    if "InlineCode" in properties:
        return {"ZipFile": template.intrinsics.resolve(properties["InlineCode"])}
    # Without a CodeUri, the SAM CLI takes the template's own folder.
    return template.intrinsics.resolve(properties.get("CodeUri", common.get("CodeUri", ".")))


def _image(logical_id: str, *, source: Mapping[str, Any], path: Path) -> LocalCode:
    """Return the folder from which `sam build` builds an image; of one in a registry, nothing is watched."""
    context = source["Resources"][logical_id].get("Metadata", {}).get("DockerContext")
    folder = (path.parent / (context or ".")).resolve()
    return LocalCode(root=folder, watched=(folder,) if context else ())


def _at(code: Path, logical_id: str, *, source: Mapping[str, Any], path: Path) -> LocalCode:
    if not code.exists():
        raise TemplateError(
            f"{path}: {logical_id} has its code at {code}, which does not exist. Correct the path. If a build makes "
            "it, run that build first; after `sam build`, the template to run is .aws-sam/build/template.yaml."
        )
    return LocalCode(
        root=_package_root(logical_id, code, source, path),
        watched=(code.resolve(),),
        code_uri=code.resolve() if code.is_dir() else None,
    )


def _package_root(logical_id: str, code: Path, source: Mapping[str, Any], path: Path) -> Path:
    """Return the folder that becomes the root of the zip, or the file that becomes its content.

    With ParentPackageMode, `sam build` keeps the folders above the code.
    """
    build = source["Resources"][logical_id].get("Metadata", {}).get("BuildProperties", {})
    mode = build.get("ParentPackageMode")
    if mode == "explicit":
        package = Path(*build["ParentPackages"].split("."))
    elif mode == "auto":
        package = code.relative_to(path.parent)
    else:
        return code.resolve()
    if code.parts[-len(package.parts) :] != package.parts:
        raise TemplateError(
            f"{path}: the CodeUri of {logical_id}, {code}, does not end with its ParentPackages, {package}"
        )
    return code.resolve().parents[len(package.parts) - 1]
