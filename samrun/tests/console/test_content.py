"""Content as pages show it: JSON exactly as it was written, in lines; and whatever is no JSON."""

import pytest

from samrun.console.shell.content import content_of, one_line, plain_text


def test_json_keeps_numbers_order_and_repeated_names() -> None:
    text = b'{"b":1.10,"a":[1E2,{}],"b":[],"big":123456789012345678901234567890}'
    shown = '{\n  "b": 1.10,\n  "a": [\n    1E2,\n    {}\n  ],\n  "b": [],\n  "big": 123456789012345678901234567890\n}'
    assert content_of(text).text == shown
    assert content_of(text).kind == "JSON"


def test_punctuation_within_strings_is_text() -> None:
    assert content_of(b'{"a": "{[,:\\"]}"}').text == '{\n  "a": "{[,:\\"]}"\n}'


def test_escaped_letters_are_shown_as_letters() -> None:
    assert content_of(b'["\\u00e4"]').text == '[\n  "ä"\n]'


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, "null", ""),
        (b"", "text", ""),
        (b"7", "text", "7"),
        (b'{"a": NaN}', "text", '{"a": NaN}'),
        (b"\x00\xff", "bytes", f"000000  {'00 ff':<47}  .."),
        (b"a\x1b[1m\r\nb\x07", "text", "a\u241b[1m\nb\u2407"),
    ],
)
def test_content_is_shown_as_what_it_is(value: bytes | None, kind: str, text: str) -> None:
    content = content_of(value)
    assert (content.kind, content.text, content.size) == (kind, text, len(value or b""))


def test_large_content_is_cut_and_says_so() -> None:
    content = content_of(b"[" + b"1," * 3_000_000 + b"1]")
    assert (content.kind, content.is_cut, len(content.text)) == ("JSON", True, 64 * 1024)


def test_deep_json_is_cut_before_its_lines_fill_the_memory() -> None:
    content = content_of(b'{"a":' * 900 + b"1" + b"}" * 900)
    assert (content.kind, content.is_cut) == ("JSON", True)


def test_line_of_a_list_is_short_whatever_the_value_is() -> None:
    assert one_line(b"a\n b", 10) == "a b"
    assert one_line(b"x" * 6_000_000, 10) == "x" * 10 + "…"
    assert one_line("ä".encode() * 100, 3) == "äää…"
    assert one_line(b"\xff\xfe\x00", 10) == "0xfffe00"
    assert one_line(None, 10) == ""


@pytest.mark.parametrize("value", [b"\xff", b"a\r\nb", b"\x00", "\u202e".encode()])
def test_value_that_a_form_would_change_is_no_plain_text(value: bytes) -> None:
    assert plain_text(value) is None
    assert plain_text(b"a\n\tb") == "a\n\tb"


def test_list_of_numbers_stays_on_one_line() -> None:
    shown = '{\n  "content-type": [97, -1, 1.5E2],\n  "b": [],\n  "c": [\n    1,\n    "2"\n  ]\n}'
    assert content_of(b'{"content-type": [97,-1 ,\n1.5E2],"b":[],"c":[1,"2"]}').text == shown
