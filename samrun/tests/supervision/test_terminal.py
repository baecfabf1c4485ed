"""Terminal: the lines that people read."""

import io
import json
import re
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samrun.gateway import Access
from samrun.supervision.terminal import Terminal, standard_terminal
from samrun.template.model.functions import Function


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def function(tmp_path: Path) -> Function:
    return Function(
        logical_id="OrderFunction",
        name="OrderFunction",
        arn="arn",
        runtime="python3.13",
        handler="h",
        code=tmp_path,
        watched=(tmp_path,),
        timeout=3,
        memory=128,
        concurrency=None,
        environment={},
        log_format="JSON",
    )


@pytest.fixture
def output(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    monkeypatch.delenv("NO_COLOR", raising=False)
    return io.StringIO()


def printed(function: Function, logs: Path, line: str) -> str:
    """Return what is printed of a function's log line, without the time."""
    output = io.StringIO()
    Terminal(output, logs).function(function, line)
    return re.sub(r"^\d\d:\d\d:\d\d\.\d{3}  ", "", output.getvalue())


# As Powertools' Logger writes it.
POWERTOOLS: dict[str, Any] = {
    "level": "INFO",
    "location": "post_order:51",
    "message": "order recorded",
    "timestamp": "2026-11-22 10:15:30,612+0000",
    "service": "order",
    "cold_start": True,
    "function_name": "OrderFunction",
    "function_memory_size": "1024",
    "function_arn": "arn:aws:lambda:us-east-1:123456789012:function:OrderFunction",
    "function_request_id": "2b0b4ff5-9bb1-4a0e-a4a6-4c1b4f3f4d6e",
    "xray_trace_id": "1-5759e988-bd862e3fe1be46a994272793",
    "order_id": "ord_1",
    "total": "25.00",
}


def test_a_line_has_the_time_the_source_and_the_text(output: io.StringIO, tmp_path: Path) -> None:
    Terminal(output, tmp_path).step("kafka", "made the topic")
    assert re.fullmatch(r"\d\d:\d\d:\d\d\.\d{3}  kafka             made the topic\n", output.getvalue())


def test_further_lines_of_a_text_stand_below_its_first(output: io.StringIO, tmp_path: Path) -> None:
    Terminal(output, tmp_path).step("kafka", "first\nsecond")
    first, second = output.getvalue().splitlines()
    assert second.index("second") == first.index("first")


def test_a_powertools_line_is_shown_in_short(function: Function, tmp_path: Path) -> None:
    assert printed(function, tmp_path, json.dumps(POWERTOOLS)) == (
        "OrderFunction     order recorded  order_id=ord_1  total=25.00\n"
    )


def test_a_warning_says_so(function: Function, tmp_path: Path) -> None:
    assert "WARNING  order recorded" in printed(function, tmp_path, json.dumps(POWERTOOLS | {"level": "WARNING"}))


def test_an_error_of_powertools_has_its_trace(function: Function, tmp_path: Path) -> None:
    trace = "Traceback (most recent call last):\n  File x\nValueError: of no use"
    entry = POWERTOOLS | {"level": "ERROR", "exception": trace, "exception_name": "ValueError", "stack_trace": {"x": 1}}
    text = printed(function, tmp_path, json.dumps(entry))
    assert "ERROR  order recorded" in text
    assert text.rstrip().endswith("ValueError: of no use")
    assert "stack_trace" not in text


def test_an_error_of_the_runtime_client_has_its_trace(function: Function, tmp_path: Path) -> None:
    entry = {
        "timestamp": "2026-11-22T10:15:30Z",
        "log_level": "ERROR",
        "errorMessage": "of no use",
        "errorType": "ValueError",
        "requestId": "2b0b4ff5",
        "stackTrace": ['  File "main.py", line 1, in handler\n', "    raise ValueError\n"],
    }
    assert printed(function, tmp_path, json.dumps(entry)).splitlines()[:2] == [
        "OrderFunction     ERROR  ValueError: of no use",
        " " * 32 + '  File "main.py", line 1, in handler',
    ]


@pytest.mark.parametrize(
    "entry",
    [
        {"_aws": {"Timestamp": 1, "CloudWatchMetrics": []}, "OrdersRecorded": [1.0]},
        POWERTOOLS | {"level": "DEBUG"},
        {"log_level": "DEBUG", "message": "details"},
        {"level": "WARNING", "message": "LAMBDA_WARNING: Unhandled exception. Go to the documentation"},
    ],
)
def test_metrics_debugging_and_general_advice_are_not_shown_but_kept(
    function: Function, tmp_path: Path, entry: dict[str, Any]
) -> None:
    line = json.dumps(entry)
    assert printed(function, tmp_path / "logs", line) == ""
    assert (tmp_path / "logs" / "functions" / "OrderFunction.log").read_text() == f"{line}\n"


def test_general_advice_in_text_is_not_shown_but_kept(function: Function, tmp_path: Path) -> None:
    line = "[WARNING]\t2026-11-29T14:45:11.506Z\t\tLAMBDA_WARNING: Unhandled exception. The most likely cause is …"
    assert printed(function, tmp_path / "logs", line) == ""
    assert (tmp_path / "logs" / "functions" / "OrderFunction.log").read_text(encoding="utf-8") == f"{line}\n"


@pytest.mark.parametrize("line", ["plain text → naïve", "[1, 2]", '"text"', "null", "17", "{broken", "[" * 100_000])
def test_a_line_that_is_no_entry_is_shown_as_it_is(function: Function, tmp_path: Path, line: str) -> None:
    assert printed(function, tmp_path, line) == f"OrderFunction     {line}\n"
    assert (tmp_path / "functions" / "OrderFunction.log").read_text(encoding="utf-8") == f"{line}\n"


def test_an_object_without_a_message_is_shown_by_its_fields(function: Function, tmp_path: Path) -> None:
    assert printed(function, tmp_path, '{"a": 1, "b": [2]}') == "OrderFunction     a=1  b=[2]\n"


_names = st.sampled_from([*POWERTOOLS, "exception", "stackTrace", "errorType", "errorMessage", "log_level"]) | st.text()
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(_names, inner),
    max_leaves=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(entry=st.dictionaries(_names, _json))
def test_no_output_of_a_function_ends_the_terminal(function: Function, tmp_path: Path, entry: dict[str, Any]) -> None:
    printed(function, tmp_path, json.dumps(entry))
    assert (tmp_path / "functions" / "OrderFunction.log").read_text(encoding="utf-8").splitlines()[-1:] == [
        json.dumps(entry)
    ]


def test_half_a_surrogate_pair_can_be_printed(
    function: Function, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(written, encoding="utf-8"))
    standard_terminal(tmp_path).function(function, '{"message": "\\ud800"}')
    assert b"\\ud800" in written.getvalue()


def test_requests_are_shown_with_how_they_were_answered(output: io.StringIO, tmp_path: Path) -> None:
    terminal = Terminal(output, tmp_path)
    terminal.access(Access(method="POST", path="/orders", status=201, milliseconds=12.3, function="OrderFunction"))
    terminal.access(Access(method="GET", path="/nothing", status=404, milliseconds=1, function=None))
    terminal.access(Access(method="GET", path="/docs/page.css", status=200, milliseconds=1, function=None))
    lines = [line.partition("HTTP")[2].strip() for line in output.getvalue().splitlines()]
    assert lines == ["POST /orders → 201 in 12 ms", "GET /nothing → 404 in 1 ms"], "and not what the docs consist of"


def test_colours_are_for_terminals_that_want_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def coloured(output: io.StringIO) -> bool:
        Terminal(output, tmp_path).step("kafka", "gone", level="ERROR")
        return "\x1b[31mgone\x1b[0m" in output.getvalue()

    monkeypatch.delenv("NO_COLOR", raising=False)
    assert coloured(Tty())
    assert not coloured(io.StringIO())
    monkeypatch.setenv("NO_COLOR", "1")
    assert not coloured(Tty())
    monkeypatch.setenv("NO_COLOR", "")
    assert coloured(Tty())


def test_lines_of_several_threads_stay_whole(output: io.StringIO, tmp_path: Path) -> None:
    terminal = Terminal(output, tmp_path)

    def print_lines() -> None:
        for _ in range(200):
            terminal.step("mapping", "x" * 50)

    threads = [threading.Thread(target=print_lines) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    lines = output.getvalue().splitlines()
    assert len(lines) == 800
    assert {len(line) for line in lines} == {len(lines[0])}


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("\x1b[31mred\x1b[0m and \x1b[1;4;38;5;9mmore\x1b[m", "red and more"),
        ("up\x1b[2A\x1b[2Kover", "upover"),
        ("\x1b]0;a title\x07text \x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\", "text link"),
        ("\x1bcreset \x1b(Bset \x9b31mC1", "reset set 31mC1"),
        ("bell\x07 back\x08 null\x00 delete\x7f tab\tkept", "bell back null delete tab\tkept"),
        (json.dumps({"message": "in \x1b[31mJSON\x1b[0m"}), "in JSON"),
    ],
)
def test_escape_sequences_of_a_function_do_not_reach_the_terminal(
    function: Function, tmp_path: Path, line: str, shown: str
) -> None:
    assert printed(function, tmp_path, line).split("  ", 1)[1].strip() == shown
    assert (tmp_path / "functions" / "OrderFunction.log").read_text() == line + "\n", (
        "the file has the line as it was printed"
    )


def test_no_line_has_escape_sequences_of_others(output: io.StringIO, tmp_path: Path) -> None:
    terminal = Terminal(output, tmp_path)
    terminal.step("\x1b[2Jkafka", "\x1b[31mred\x1b[0m")
    terminal.say("  an \x1b]0;title\x07address\x9b2J")
    terminal.access(Access(method="GET", path="/\x1b[2J", status=404, milliseconds=1, function=None))
    assert "\x1b" not in output.getvalue()
    assert "\x9b" not in output.getvalue()
    assert "  an address2J\n" in output.getvalue()


def test_full_disk_is_said_once_and_the_terminal_has_the_lines(
    function: Function, output: io.StringIO, tmp_path: Path
) -> None:
    """A function must not end because its log file takes no line: a full disk is no fault of its code."""
    terminal, log = Terminal(output, tmp_path), tmp_path / "functions" / f"{function.name}.log"
    log.parent.mkdir()
    log.symlink_to("/dev/full")  # it takes no byte, as a full disk
    terminal.function(function, "first")
    terminal.function(function, "second")
    log.unlink()
    terminal.function(function, "third")
    log.unlink()
    log.symlink_to("/dev/full")
    terminal.function(function, "fourth")
    said = [line.split("  ", 1)[1] for line in output.getvalue().splitlines()]
    assert [line.split()[-1] for line in said] == ["room.", "first", "second", "third", "room.", "fourth"]
    assert "No space left on device" in said[0]
    assert str(tmp_path) in said[0]
