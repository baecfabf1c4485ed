"""Parameter values of a template, in the forms that the SAM CLI accepts.

A value is `NAME=VALUE`, or `ParameterKey=NAME,ParameterValue=VALUE`; a text may have several with blanks between them,
and quotes around a value with blanks in it. `file://…` names a YAML file with values, which may include other files by
`$include`. In a configuration file there may be a list or a table of them, too. See
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-cli-command-reference-sam-deploy.html
and https://github.com/aws/aws-sam-cli/blob/develop/samcli/cli/types.py
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import yaml

from samrun.errors import UserError
from samrun.template.resolution.scalars import as_text

Pair = tuple[str, str]

_FILE = "file://"
_INCLUDE = "$include"
_VALUE = r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|(?:\\.|[^\s"'\\])*"""
# A value that only AWS has has its reference as its name, as written in the template.
_KEY = r"""\{\{resolve:[^{}]+\}\}|!ImportValue\s+[^\s=]+|!GetAtt\s+[^\s=]+|[A-Za-z0-9"']+"""
_PAIR = re.compile(rf"\s*(?:ParameterKey=({_KEY}),ParameterValue=({_VALUE})|({_KEY})=({_VALUE}))(?=\s|$)", re.DOTALL)
_QUOTED = re.compile(r"""\s*("(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')(?=\s|$)""", re.DOTALL)
_QUOTED_PAIR = re.compile(rf"ParameterKey=({_KEY}),ParameterValue=(.*)|({_KEY})=(.*)", re.DOTALL)
_ESCAPED = re.compile(r"""\\([ "'])""")


class ParametersError(UserError):
    """Parameter values cannot be read; the message says where and what to write."""


def read(overrides: Iterable[object], *, source: str, folder: Path = Path()) -> Iterator[Pair]:
    """Yield names and values in their order. Paths of files are relative to `folder`. Raises ParametersError."""
    for number, override in enumerate(overrides, start=1):
        match override:
            case str() if override.startswith(_FILE):
                yield from _of_file(folder / override.removeprefix(_FILE), source=source)
            case str():
                yield from _of_text(override, entry=f"{source}: entry {number}")
            case list():
                yield from read(override, source=source, folder=folder)
            case dict():
                yield from _of_table(override, source=source, folder=folder)
            case _:
                raise ParametersError(f"{source}: entry {number} is not a parameter. Write NAME=VALUE or {_FILE}PATH.")


def _of_text(text: str, *, entry: str) -> Iterator[Pair]:
    """Yield the pairs of a text. One that is not all pairs is a single pair, whose value has blanks."""
    pairs = list(_split(text))
    if pairs or not text.strip():
        yield from pairs
        return
    name, found, value = text.partition("=")
    if not found:  # the message does not repeat the text, because it may be a secret
        raise ParametersError(f"{entry} is not a parameter. Write NAME=VALUE or {_FILE}PATH.")
    yield name, value


def _split(text: str) -> list[Pair]:
    """Return the pairs of a text; none if there is anything else in it."""
    pairs, position = [], 0
    text = text.rstrip()
    while position < len(text):
        match = _QUOTED.match(text, position) or _PAIR.match(text, position)
        if match is None:
            return []
        pair = _quoted_pair(match[1]) if match.re is _QUOTED else _unquoted(match)
        if pair is None:
            return []
        pairs.append(pair)
        position = match.end()
    return pairs


def _unquoted(match: re.Match[str]) -> Pair:
    name, value = [part for part in match.groups() if part is not None]
    return _unquote(name), _unquote(value)


def _quoted_pair(text: str) -> Pair | None:
    """Return the pair in a text with quotes around all of it; None if it is no pair."""
    match = _QUOTED_PAIR.fullmatch(_unquote(text))
    if match is None:
        return None
    name, value = [part for part in match.groups() if part is not None]
    return name, value


def _unquote(text: str) -> str:
    if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    return _ESCAPED.sub(r"\1", text)


def _of_file(path: Path, *, source: str) -> Iterator[Pair]:
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8-sig")) or {}
    except OSError as error:
        raise ParametersError(f"{source} names {path}, which cannot be read: {error.strerror}") from error
    except (ValueError, yaml.YAMLError) as error:
        raise ParametersError(f"{path} is not valid YAML: {error}") from error
    if not isinstance(values, dict):
        raise ParametersError(f"{path} has no parameters. Write one NAME: VALUE in each line.")
    yield from _of_table(values, source=str(path), folder=path.parent)


def _of_table(values: Mapping[object, object], *, source: str, folder: Path) -> Iterator[Pair]:
    included = values.get(_INCLUDE, [])
    # A table's own values come after the included ones, and so override them.
    yield from read(included if isinstance(included, list) else [included], source=source, folder=folder)
    for name, value in values.items():
        if name != _INCLUDE:
            yield as_text(name), as_text(value)
