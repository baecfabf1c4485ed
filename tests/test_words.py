"""Check of words: it finds planted words, accepts the field's terms, and passes this repository."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools import check_words, homonyms
from tools.check_words import ALLOWED, EXEMPT, ROOT, Finding, check, shared_names


def _findings(folder: Path, name: str, text: str) -> list[tuple[str, int, str]]:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return [(finding.path, finding.line, finding.word) for finding in check(folder)]


@pytest.mark.parametrize(
    ("name", "text", "line", "word"),
    [
        ("relay.py", '"""Relay."""\n\n\nclass Drain:\n    pass\n', 4, "Drain"),
        ("batch.py", "result = batch.work_off(records)\n", 1, "work_off"),
        ("limits.py", "MOST_RECORDS = 50\n", 1, "MOST_RECORDS"),
        ("errors.py", "from errors import PlainError\n", 1, "PlainError"),
        ("requeue.py", 'event = {\n    "what pends": 1,\n}\n', 2, "pends"),
        ("comment.py", "x = 1\n# The batch comes\n# again.\n# It comes again.\n", 4, "comes again"),
        ("docstring.py", 'def f() -> None:\n    """What is on it."""\n', 2, "What"),
        ("comment.py", "# Whoever reads the topic.\n", 1, "Whoever"),
        ("texts.py", 'x = """\nOne line.\nIt works\noff a batch.\n"""\n', 3, "works off"),
        ("formatted.py", 'x = f"{1} starts anew"\n', 1, "anew"),
        ("guide.md", "# Guide\n\nThe record is set\naside.\n", 3, "set aside"),
        ("guide.md", "The class `Gathering` collects.\n", 1, "Gathering"),
        ("template.yaml", "A: 1\nDescription: What the alarms are told to.\n", 2, "What"),
        ("template.yaml", "# Who may call.\nA: 1\n", 1, "Who"),
        (".github/workflows/checks.yml", "# It starts anew.\n", 1, "anew"),
        ("Makefile", "# Write it anew.\n", 1, "anew"),
        ("tests/test_drain.py", "", 1, "test_drain"),
        ("log.py", 'logger.error("failed", extra={"order_id": "1", "frames": []})\n', 1, "frames"),
        ("log.py", 'logger.error("failed", order_id="1", stack=[])\n', 1, "stack"),
        ("log.py", 'logger.error(\n    "failed",\n    error="E",\n)\n', 3, "error"),
        ("log.py", 'keys = {\n    "error": "E",\n}\nlogger.error("failed", extra=keys)\n', 2, "error"),
        ("log.py", 'keys["stack"] = []\n', 1, "stack"),
        ("log.py", 'keys = dict(reason="no", error="E")\n', 1, "error"),
        ("log.py", "keys = parsed.log_keys(frames=[])\n", 1, "frames"),
        ("names.py", "def allow_request(*, again: bool) -> bool: ...\n", 1, "again"),
        ("names.py", "with stack() as running:\n    pass\n", 1, "running"),
        ("names.py", "class Running:\n    pass\n", 1, "Running"),
        ("names.py", "class Answer:\n    pass\n", 1, "Answer"),
        ("names.py", "class Stack:\n    ready: bool\n", 2, "ready"),
        ("names.py", "self._ready = Event()\n", 1, "_ready"),
        ("names.py", "async def keep() -> None: ...\n", 1, "keep"),
        ("names.py", "assert [letter for letter in queue]\n", 1, "letter"),
        ("property.py", 'class A:\n    @property\n    def f(self) -> int:\n        """Return it."""\n', 3, "Return"),
        ("property.py", 'class A:\n    @cached_property\n    def f(self) -> int:\n        """Tell it."""\n', 3, "Tell"),
        ("docstring.py", 'def f() -> int:\n    """How many there are."""\n', 2, "How"),
        ("docstring.py", 'def f() -> int:\n    """When it is due."""\n', 2, "When"),
        ("docstring.py", 'def f() -> str:\n    """Where it is."""\n', 2, "Where"),
        (
            "docstring.py",
            'class A:\n    @property\n    def b(self) -> bool:\n        """Whether it is."""\n',
            4,
            "Whether",
        ),
        ("docstring.py", 'x = 1\n"""Why it is one."""\n', 2, "Why"),
        ("comment.py", "# How many there are.\n", 1, "How"),
        ("functions/order/http/scopes.py", "", 1, "scopes"),
        ("functions/notify/feedback/items.py", "", 1, "items"),
        ("retry.py", "max_tries = 3\n", 1, "max_tries"),
        ("retry.py", "# After three tries it gives up.\n", 1, "three tries"),
        ("guide.md", "The fate of a mail.\n", 1, "fate"),
        ("guide.md", "The variable attaches\nsamrun to a broker.\n", 1, "attaches samrun"),
        ("guide.md", "Its login is in a secret.\n", 1, "login"),
        ("guide.md", "The mapping gives\nit up.\n", 1, "mapping gives it up"),
        ("guide.md", "Lambda gives up the batch.\n", 1, "gives up the batch"),
        ("template.yaml", "Resources:\n  Login:\n", 2, "Login"),
        ("mail.html.jinja", "<p>\n{{ parts.facts([('Found', x)]) }}", 2, "facts"),
        ("mail.html.jinja", "{#- What is shown. #}\n", 1, "What"),
        ("mail.html.jinja", "It comes anew.\n", 1, "anew"),
    ],
)
def test_check_finds_a_planted_word(tmp_path: Path, name: str, text: str, line: int, word: str) -> None:
    assert _findings(tmp_path, name, text) == [(name, line, word)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("relay.py", 'class OutboxRelay:\n    """Polling publisher of the outbox."""\n'),
        ("words.py", "# Say what is wrong, and who has to act.\nparts = answer.split()\n"),
        ("guide.md", "# What is missing\n\nParts of it are in a letter box. The relay requeues the event.\n"),
        ("guide.md", "SES has given up. The client gives it up. The decision to give up the notification.\n"),
        ("retry.py", 'max_retries = 3\nframes = []\nlog("failed", extra={"error_type": "E"})  # It tries again.\n'),
        (
            "log.py",
            'logger.error("failed", error_type="E", stack_trace=[])\nfail(error="E")\nkeys = {"reason": error}\n',
        ),
        ("names.py", "pytest.param(3, marks=proof)\nif stack.running and is_running(ready):\n    answer = 1\n"),
        ("comment.py", "# When the answer is lost, the client retries.\n"),
        ("guide.md", "SAM attaches a policy. See https://login.shop.example and login.properties.\n"),
        ("mail.html.jinja", "{{ parts.rows([('Found', x)]) }}\n"),
        (".local/notes.md", "It starts anew.\n"),
        ("build/notes.md", "It starts anew.\n"),
        ("data.json", '{"a": "anew"}\n'),
    ],
)
def test_check_accepts_the_fields_terms_and_skips_files_that_are_not_ours(tmp_path: Path, name: str, text: str) -> None:
    assert [each for each in _findings(tmp_path, name, text) if each[0] == name] == []


@pytest.mark.parametrize(
    ("one", "other", "code", "line", "name"),
    [
        ("functions/order/http/a.py", "functions/order/http/b.py", "class Caller: ...\n", 1, "Caller"),
        ("functions/notify/http/b.py", "functions/order/http/c.py", "class Caller: ...\n", 1, "Caller"),
        ("samrun/src/samrun/a.py", "samrun/src/samrun/gateway/b.py", "if True:\n    class Caller: ...\n", 2, "Caller"),
        ("samrun/tests/a.py", "samrun/tests/b.py", "class Caller: ...\n", 1, "Caller"),
        ("tests/order/a.py", "tests/system/b.py", "class Caller: ...\n", 1, "Caller"),
        ("functions/order/a.py", "functions/order/b.py", "def error_code() -> str: ...\n", 1, "error_code"),
        ("samrun/src/samrun/a.py", "samrun/src/samrun/b.py", "\nasync def service_of() -> str: ...\n", 2, "service_of"),
        ("samrun/src/samrun/services/aws.py", "samrun/src/samrun/testing/aws.py", "", 1, "aws"),
        ("functions/notify/ledger/entry.py", "functions/notify/notifying/entry.py", "", 1, "entry"),
    ],
)
def test_check_finds_a_name_that_two_things_have(
    tmp_path: Path, one: str, other: str, code: str, line: int, name: str
) -> None:
    assert _findings(tmp_path, one, code) == []
    assert _findings(tmp_path, other, code) == [(other, line, name)]
    [finding] = check(tmp_path)
    assert finding.term.endswith(f" in {one} has this one")


@pytest.mark.parametrize(
    ("one", "other", "code"),
    [
        ("functions/order/a.py", "functions/notify/b.py", "def error_code() -> str: ...\n"),
        ("functions/order/a.py", "samrun/src/samrun/b.py", "class Caller: ...\n"),
        ("samrun/tests/a.py", "samrun/src/samrun/b.py", "class Caller: ...\n"),
        ("tests/order/a.py", "tests/notify/b.py", "def error_code() -> str: ...\n"),
        ("functions/order/logs.py", "functions/notify/logs.py", ""),
        ("functions/order/a.py", "functions/order/b.py", "def _error_code() -> str: ...\n"),
        ("functions/order/a.py", "functions/notify/b.py", "class SettingsError(Exception): ...\n"),
        ("samrun/src/samrun/a/__init__.py", "samrun/src/samrun/b/__init__.py", ""),
    ],
)
def test_check_accepts_one_name_in_two_products_or_with_one_meaning(
    tmp_path: Path, one: str, other: str, code: str
) -> None:
    _findings(tmp_path, one, code)
    assert _findings(tmp_path, other, code) == []


def test_finding_names_the_place_the_word_and_the_term() -> None:
    finding = Finding("samrun/errors.py", 3, "PlainError", "UserError")
    assert str(finding) == "samrun/errors.py:3: 'PlainError': use UserError"


def test_command_fails_and_prints_the_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pace.md").write_text("It starts anew.\n")
    monkeypatch.setattr(check_words, "ROOT", tmp_path)
    assert check_words.main() == 1
    assert capsys.readouterr().out.splitlines() == [
        "pace.md:1: 'anew': use again",
        "pace.md:1: 'pace': use rate_limiter",
    ]
    (tmp_path / "pace.md").unlink()
    assert check_words.main() == 0


def test_this_repository_uses_the_fields_terms() -> None:
    assert [str(finding) for finding in check(ROOT)] == []


def test_every_exception_is_still_needed() -> None:
    assert [path for path in EXEMPT if not (ROOT / path).is_file()] == []
    for path, word in ALLOWED:
        assert word in (ROOT / path).read_text(), f"{path} no longer has {word}: remove it from ALLOWED"


def test_every_shared_name_still_stands_for_several_things(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(check_words, "SHARED", {})
    found = {(finding.term.split()[3], finding.word) for finding in shared_names(ROOT)}
    assert found == homonyms.SHARED.keys()


@pytest.mark.parametrize("kind", ["consumer", "producer"])
def test_services_that_samrun_writes_use_the_terms(kind: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "samrun", "new", kind, "reviews", "--topic", "order-events"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert list(check(tmp_path)) == []
    assert len(list(tmp_path.rglob("*.py"))) > 8
