"""Translation of a SAM template into a plain CloudFormation template, by SAM's own translator."""

import copy
import logging
from collections.abc import Mapping
from typing import Any

from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

# The translator's warnings are for its authors: that nobody collects its counts, or switches its new features on. What
# is wrong with a template is an exception.
logging.getLogger("samtranslator").setLevel(logging.ERROR)

# The translator accepts code in S3 and images in ECR only. The reader of functions takes the paths from the source
# instead. A layer's logical id changes in the translation: its key in S3 is the one of the source.
_PACKAGED = "s3://bucket/{logical_id}"
_IMAGE = "123456789012.dkr.ecr.us-east-1.amazonaws.com/image:latest"
# Properties of other resources that may be a path, too.
_LOCAL_FILES = {
    "AWS::Serverless::GraphQLApi": "SchemaUri",
    "AWS::Serverless::LayerVersion": "ContentUri",
    "AWS::Serverless::StateMachine": "DefinitionUri",
}
_REPOSITORY = "https://serverlessrepo.amazonaws.com"


def translate(source: Mapping[str, Any], *, parameters: Mapping[str, str], region: str) -> dict[str, Any]:
    """Return the plain CloudFormation template; its intrinsic functions are still unresolved.

    Raises the translator's InvalidDocumentException.
    """
    packaged = copy.deepcopy(dict(source))
    common = packaged.get("Globals", {}).get("Function", {})
    common.pop("CodeUri", None)
    for logical_id, resource in packaged["Resources"].items():
        if resource.get("Properties") is None:
            resource["Properties"] = {}
        if resource["Type"] == "AWS::Serverless::Function":
            _package(logical_id, resource["Properties"], common)
        elif name := _LOCAL_FILES.get(resource["Type"]):
            _package_file(logical_id, resource["Properties"], name)
        elif resource["Type"] == "AWS::Serverless::Application":
            _keep_local(resource["Properties"])
    translated: dict[str, Any] = Translator({}, Parser(), boto_session=_Session(region)).translate(
        sam_template=packaged, parameter_values=dict(parameters), feature_toggle=None
    )
    return translated


def event_types(source: Mapping[str, Any]) -> dict[str, str]:
    """Return the type of each event of SAM's functions, by the logical id of what the translator makes of it."""
    return {
        f"{logical_id}{name}": str(event.get("Type"))
        for logical_id, resource in source["Resources"].items()
        if resource["Type"] == "AWS::Serverless::Function"
        for name, event in ((resource.get("Properties") or {}).get("Events") or {}).items()
        if isinstance(event, dict)
    }


def _package(logical_id: str, properties: dict[str, Any], common: Mapping[str, Any]) -> None:
    """Give a function the code that `sam package` would give it."""
    if properties.get("PackageType", common.get("PackageType")) == "Image":
        properties.pop("CodeUri", None)
        properties["ImageUri"] = _IMAGE
    elif "InlineCode" not in properties:
        properties["CodeUri"] = _PACKAGED.format(logical_id=logical_id)


def _package_file(logical_id: str, properties: dict[str, Any], name: str) -> None:
    if isinstance(properties.get(name), str):
        properties[name] = _PACKAGED.format(logical_id=logical_id)


def _keep_local(properties: dict[str, Any]) -> None:
    """Keep the translator from asking AWS for an application of the Serverless Application Repository."""
    location = properties.get("Location")
    if isinstance(location, dict) and "ApplicationId" in location:
        properties["Location"] = _REPOSITORY


class _Session:
    """Stand-in for the boto3 session; the translator only reads its region."""

    def __init__(self, region_name: str) -> None:
        self.region_name = region_name
