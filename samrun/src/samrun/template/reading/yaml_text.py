"""YAML and JSON of templates, read as CloudFormation reads them: into what JSON has.

The status 200 in an API's document is the name "200", an account's id in Mappings is a text, and a date such as
2012-10-17 is the text that it was. The short forms of intrinsic functions become the long ones.
"""

from datetime import date
from pathlib import Path
from typing import Any

import yaml
from samtranslator.yaml_helper import intrinsics_multi_constructor

from samrun.template.resolution.scalars import as_text

_TIMESTAMP = "tag:yaml.org,2002:timestamp"


# Of libyaml where PyYAML was built with it: it reads a template in a tenth of the time.
_SafeLoader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):  # type: ignore[misc, valid-type] # which of the two is known at run time alone
    """Loader of templates: dates stay texts, and tags are intrinsic functions."""

    yaml_implicit_resolvers = {  # noqa: RUF012 - the base class declares it
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_multi_constructor("!", intrinsics_multi_constructor)


def read_yaml(path: Path) -> Any:
    """Return the content of a file. Raises OSError, ValueError and errors of the parser."""
    return _as_json(yaml.load(path.read_text(encoding="utf-8-sig"), Loader=_Loader))  # noqa: S506 - it is a SafeLoader


def _as_json(value: Any) -> Any:
    match value:
        case dict():
            return {_name(name): _as_json(each) for name, each in value.items()}
        case list():
            return [_as_json(each) for each in value]
        case date():  # of an explicit tag
            return value.isoformat()
    return value


def _name(value: Any) -> str:
    return "null" if value is None else as_text(value)
