"""Commands of the AWS CLI in the guides: the operations, options and fields of answers exist in botocore's models."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import botocore.session
import jmespath  # type: ignore[import-untyped] # botocore needs it, and the CLI's --query is its language
import pytest
from botocore import xform_name

from tests.template.deployment import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from botocore.model import OperationModel, Shape

GUIDES = [ROOT / f"docs/{name}.md" for name in ("deployment", "operations", "scaling", "cost")]
# The CLI's own, of every command.
OPTIONS = {"--query", "--output", "--region", "--cli-binary-format", "--max-items"}
# Commands that the CLI has and the service has not.
OF_THE_CLI = {
    "cloudformation deploy": {"--stack-name", "--template-file", "--parameter-overrides", "--capabilities"},
    "dynamodb wait": {"--table-name"},
}
SESSION = botocore.session.get_session()


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command `aws service operation --option value …` of a guide."""

    name: str
    options: dict[str, str]

    def operation(self) -> OperationModel:
        """Return the model of the operation, which must exist."""
        service, _, operation = self.name.partition(" ")
        model = SESSION.get_service_model(service)
        by_name = {xform_name(name, "-"): name for name in model.operation_names}
        assert operation in by_name, f"{service} has no {operation}"
        found: OperationModel = model.operation_model(by_name[operation])
        return found


def _commands() -> Iterator[Command]:
    for guide in GUIDES:
        for block in re.findall(r"^ *```\n(.*?)^ *```", guide.read_text(), re.DOTALL | re.MULTILINE):
            if re.search(r"\baws [a-z]", block):
                yield from _read(block.replace("\\\n", " "))


# The innermost $(…), with parentheses inside that are none of the shell's, and $((…)).
INNERMOST = re.compile(r"\$\(((?:[^()$]|\$(?!\()|\([^()$]*\))*)\)")


def _read(script: str) -> Iterator[Command]:
    """Yield the commands of a script, and before them those in its $(…)."""
    while inner := INNERMOST.search(script):
        yield from _read(inner[1])
        script = script[: inner.start()] + "1" + script[inner.end() :]
    without_comments = re.sub(r"(?m)(^| )#.*$", "", script)
    lexer = shlex.shlex(without_comments, posix=True, punctuation_chars="\n;|&")
    lexer.whitespace, lexer.whitespace_split, lexer.commenters = " \t", True, ""
    words: list[str] = []
    for word in [*lexer, "\n"]:
        if set(word) <= set("\n;|&"):
            if words[:1] == ["aws"]:
                yield _command(words[1:])
            words = []
        else:
            words.append(word)


def _command(words: list[str]) -> Command:
    options: dict[str, str] = {}
    for word, value in zip(words, [*words[1:], "--"], strict=True):
        if word.startswith("--"):
            options[word] = "" if value.startswith("--") else value
    return Command(name=" ".join(words[:2]), options=options)


COMMANDS = list(_commands())


def test_the_guides_have_commands() -> None:
    assert len(COMMANDS) > 30


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_operations_and_options_of_the_guides_exist(command: Command) -> None:
    if command.name in OF_THE_CLI:
        assert command.options.keys() <= OF_THE_CLI[command.name]
        return
    shape: Any = command.operation().input_shape
    members = {f"--{xform_name(name, '-')}": member for name, member in shape.members.items()}
    switches = {f"--no-{name[2:]}" for name, member in members.items() if member.type_name == "boolean"}
    assert command.options.keys() <= members.keys() | switches | OPTIONS
    required = {f"--{xform_name(name, '-')}" for name in shape.required_members}
    assert required <= command.options.keys()
    for name, value in command.options.items():
        if (enum := getattr(members.get(name), "enum", [])) and not value.startswith("…"):
            assert value in enum


@pytest.mark.parametrize(
    "command", [each for each in COMMANDS if "--query" in each.options], ids=lambda command: command.name
)
def test_queries_of_the_guides_find_their_fields_in_the_answers(command: Command) -> None:
    query = command.options["--query"]
    # A filter compares with a value that the made-up answer does not have.
    found = jmespath.search(re.sub(r"\[\?.*?\]", "[]", query), _answer(command.operation().output_shape))
    assert _has_all(found), f"{query} finds {found}"


def _answer(shape: Shape | None) -> Any:
    """Make up an answer of that shape: each list has one element."""
    any_shape: Any = shape
    match any_shape.type_name:
        case "structure":
            return {name: _answer(member) for name, member in any_shape.members.items()}
        case "list":
            return [_answer(any_shape.member)]
        case "map":
            return {"key": _answer(any_shape.value)}
        case kind:
            return kind


def _has_all(found: Any) -> bool:
    if isinstance(found, list):
        return bool(found) and all(_has_all(each) for each in found)
    return found is not None
