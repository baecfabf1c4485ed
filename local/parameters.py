"""The values of a template's parameters, written as the SAM CLI takes them.

`NAME=VALUE`, or `file://…` for a YAML file of them, which may have further ones under `$include`. See
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-cli-command-reference-sam-deploy.html
"""

import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import yaml

from local.errors import PlainError

Pair = tuple[str, str]

_FILE = "file://"
_INCLUDE = "$include"


class ParametersError(PlainError):
    """Something in them cannot be read; the message says where and what to write."""


def of_samconfig(path: Path) -> Iterator[Pair]:
    """Return those that a samconfig.toml has for `python -m local`; none if there is no such file.

    Raises ParametersError.
    """
    if path.exists():
        yield from read(_overrides(path), source=str(path), folder=path.parent)


def read(overrides: Iterable[str], *, source: str, folder: Path = Path()) -> Iterator[Pair]:
    """Return names and values, in their order; `folder` is where files are looked for. Raises ParametersError."""
    for number, override in enumerate(overrides, start=1):
        if override.startswith(_FILE):
            yield from _of_file(folder / override.removeprefix(_FILE), source=source)
            continue
        name, found, value = override.partition("=")
        if not found:  # it is not repeated, since it may hold a secret
            raise ParametersError(f"{source}: number {number} is no parameter: write NAME=VALUE or {_FILE}PATH")
        yield name, value


def _overrides(path: Path) -> list[str]:
    try:
        found: object = tomllib.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ParametersError(f"{path} is not valid TOML: {error}") from error
    for name in ("default", "local_run", "parameters", "parameter_overrides"):
        found = found.get(name, {}) if isinstance(found, dict) else None
    match found:
        case dict() if not found:
            return []
        case str() if found.startswith(_FILE):
            return [found]
        case list():
            return [str(override) for override in found]
    raise ParametersError(f'{path}: [default.local_run.parameters] parameter_overrides is no list of "NAME=VALUE"')


def _of_file(path: Path, *, source: str) -> Iterator[Pair]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as error:
        raise ParametersError(f"{source} names {path}, which cannot be read: {error.strerror}") from error
    except (ValueError, yaml.YAMLError) as error:
        raise ParametersError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(values, dict):
        raise ParametersError(f"{path} holds no parameters: write lines of NAME: VALUE")
    included = values.pop(_INCLUDE, [])
    # What a file says itself comes after what it includes.
    yield from read([included] if isinstance(included, str) else included, source=str(path), folder=path.parent)
    for name, value in values.items():
        yield str(name), _as_text(value)


def _as_text(value: object) -> str:
    match value:
        case None:
            return ""
        case list():
            return ",".join(map(_as_text, value))  # CloudFormation's own form of a list
    return str(value)
