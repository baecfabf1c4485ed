"""The SAM CLI's configuration file, as far as samrun reads it: the parameters and the region of the template beside it.

https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-config.html
"""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from samrun.template.values import parameters
from samrun.template.values.parameters import ParametersError

# The SAM CLI reads the first of these that exists.
_NAMES = ("samconfig.toml", "samconfig.yaml", "samconfig.yml")
_ENVIRONMENT, _SECTION, _KEY = "default", "parameters", "parameter_overrides"
OWN = "samrun"
# `global` holds for each command, and so for samrun. Without it, a template has the parameters of its deployment.
_COMMANDS = (OWN, "global", "deploy")


@dataclass(frozen=True, kw_only=True)
class ConfiguredParameters:
    """Values of parameters, and the command for which the file has them: samrun, global or deploy.

    `region` and `stack_name` are those of the first of these commands that has one.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    command: str = OWN
    file: Path | None = None
    region: str | None = None
    stack_name: str | None = None


def find(folder: Path) -> Path | None:
    """Return the configuration file in a folder, or None if there is none."""
    return next((folder / name for name in _NAMES if (folder / name).exists()), None)


def read_parameters(folder: Path) -> ConfiguredParameters:
    """Return the parameters of the template in a folder. Raises ParametersError.

    They are samrun's own, or else the global ones, or else those of `sam deploy`.
    """
    path = find(folder)
    if path is None:
        return ConfiguredParameters()
    sections = dict(_sections(path))
    region, stack_name = (
        next((str(each[name]) for each in sections.values() if each.get(name)), None)
        for name in ("region", "stack_name")
    )
    for command, section in sections.items():
        if _KEY not in section:
            continue
        overrides = section[_KEY]
        entries = overrides if isinstance(overrides, list) else [overrides]
        place = f"{path}: [{_ENVIRONMENT}.{command}.{_SECTION}] {_KEY}"
        values = dict(parameters.read(entries, source=place, folder=folder))
        return ConfiguredParameters(values=values, command=command, file=path, region=region, stack_name=stack_name)
    return ConfiguredParameters(file=path, region=region, stack_name=stack_name)


def _sections(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield each command whose parameters count, with them."""
    commands = _table(_parse(path), _ENVIRONMENT, path)
    for command in _COMMANDS:
        yield command, _table(_table(commands, command, path), _SECTION, path)


def _parse(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        found = tomllib.loads(text) if path.suffix == ".toml" else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise ParametersError(f"{path} is not valid {'TOML' if path.suffix == '.toml' else 'YAML'}: {error}") from error
    return found if isinstance(found, dict) else {}


def _table(values: Mapping[str, Any], name: str, path: Path) -> Mapping[str, Any]:
    found = values.get(name) or {}
    if not isinstance(found, dict):
        raise ParametersError(f"{path}: {name} is not a table. Write [{_ENVIRONMENT}.{OWN}.{_SECTION}].")
    return found
