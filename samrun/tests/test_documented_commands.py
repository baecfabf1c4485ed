"""Each command of the README and of the pages has a test that runs it, or a reason why none can."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from support.documents import DOCUMENTS, SAMRUN, blocks, commands

HELLO = "samrun/tests/apps/hello/template.yaml"

# In system/test_commands_of_documents.py: the commands that each test runs.
RUN: Mapping[str, tuple[str, ...]] = {
    "test_example_of_the_readme_runs_from_a_clone": (f"samrun up {HELLO}",),
    "test_record_of_the_readme_reaches_the_function_and_becomes_the_event_of_sam_local": (
        "samrun produce greetings 'Good morning.'",
        # `sam local` itself needs Docker: tests/sam runs it.
        "samrun generate-event msk --topic greetings --value 'Good morning.' | sam local invoke Hello -e -",
        "samrun generate-event msk --from-topic greetings",
        "samrun generate-event self-managed-kafka value.json --key 1",
    ),
    "test_template_of_a_service_runs": (
        *("cd your-service", "samrun up", "samrun up PATH"),
        "samrun up --use-current-env",
    ),
    "test_values_that_only_aws_has_are_given_on_the_command_line": (
        (
            "samrun up --parameter-overrides '!ImportValue shop-dlq=arn:aws:sqs:us-east-1:123456789012:dlq' "
            "'{{resolve:ssm:/shop/batch-size}}=50' '!GetAtt Database.Endpoint.Address=127.0.0.1'"
        ),
    ),
    "test_two_templates_share_one_api_that_takes_a_token_of_the_issuer": (
        "samrun up orders/template.yaml rewards/template.yaml",
        'curl -H "authorization: Bearer $(samrun token --sub ada --scope SCOPE)" http://127.0.0.1:3000/YOUR-ROUTE',
    ),
    "test_text_messages_of_the_console_are_those_of_the_page": (
        "curl 'http://127.0.0.1:8025/samrun/v1/text-messages?to=%2B4930123456'",
    ),
    "test_environments_of_functions_are_deleted_as_the_page_says": ("rm -r ~/.cache/samrun/environments",),
}
# Pages whose own tests run every command of these programs: a new one fails there, or is run.
WHOLE_PAGES: Mapping[str, frozenset[str]] = {
    "commands.md": frozenset({"echo", "samrun", "seq"}),  # system/test_commands_page.py
    "mappings-elsewhere.md": frozenset({"aws", "export", "samrun"}),  # system/test_mappings_elsewhere_page.py
}
# Commands that no test can run as they stand, and what is tested instead.
NOT_RUN: Mapping[str, str] = {
    "pipx install ./samrun": "it downloads packages with another program; test_wheel.py installs the same by uv",
    f"uvx --from ./samrun samrun up {HELLO}": "the same",
    "pip install 'CLONE/samrun[testing]'": "the same; system/test_plugin.py runs pytest as after it",
    "docker build --tag samrun samrun": "no image registry is reached; test_container.py reads the Dockerfile",
    'docker run --rm --init --user "$(id -u):$(id -g)" --volume "$PWD:/app" '
    "--publish 127.0.0.1:3000:3000 --publish 127.0.0.1:8025:8025 samrun up": "it needs that image",
}
LANGUAGES = {"console", "hcl", "json", "python", "sh", "text", "toml", "yaml"}


def one_line(command: str) -> str:
    """Return a command without the ends of its lines."""
    return " ".join(command.replace("\\\n", " ").split())


def commands_of_pages_with_single_tests() -> Iterator[str]:
    for document in DOCUMENTS:
        if document.name not in WHOLE_PAGES:
            yield from map(one_line, commands(document))


def test_blocks_of_the_documents_say_their_language() -> None:
    """A block without one would be neither commands nor output for these tests."""
    found = [(each.name, block.text) for each in DOCUMENTS for block in blocks(each) if block.language not in LANGUAGES]
    assert found == [], f"begin each block with ``` and one of {', '.join(sorted(LANGUAGES))}"


def test_each_command_is_run_by_a_test_or_has_a_reason() -> None:
    known = {*NOT_RUN, *(command for run in RUN.values() for command in run)}
    written = set(commands_of_pages_with_single_tests())
    assert written - known == set(), "run these in system/test_commands_of_documents.py, and name the test here"
    assert known - written == set(), "no document has these any more"


@pytest.mark.parametrize("name", WHOLE_PAGES)
def test_pages_that_are_run_as_a_whole_have_commands_of_the_programs_that_are_run(name: str) -> None:
    [page] = [each for each in DOCUMENTS if each.name == name]
    assert {command.split()[0] for command in commands(page)} == WHOLE_PAGES[name]


def test_page_of_commands_shows_each_with_its_output() -> None:
    """Its own test reads the blocks `console` alone."""
    assert {block.language for block in blocks(SAMRUN / "docs/commands.md")} == {"console"}


def test_tests_that_run_commands_exist() -> None:
    tree = ast.parse((SAMRUN / "tests/system/test_commands_of_documents.py").read_text(encoding="utf-8"))
    functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert RUN.keys() <= functions


def test_new_command_of_a_document_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("```sh\nsamrun up \\\n  --new   # a remark\n```\n\n```console\n$ samrun new\noutput\n```\n")
    assert [one_line(each) for each in commands(page)] == ["samrun up --new", "samrun new"]


def test_copy_of_the_commands_in_the_dockerfile_is_that_of_the_readme() -> None:
    comment = (SAMRUN / "Dockerfile").read_text(encoding="utf-8").replace("\n#", "\n")
    in_comment = one_line(comment)
    assert [each for each in NOT_RUN if each.startswith("docker") and each not in in_comment] == []
