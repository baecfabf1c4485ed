"""Check of words: code, tests and documents use the field's terms, not names of our own.

`make check` runs it. It prints file:line, the word and the term to use instead, and fails if it finds any.

It checks words that are wrong wherever they stand, names that our code gives, and names that it gives to several things
(homonyms.py). A reader has to look for these, which also have a right use:

- general words: answer, segments, fields, scopes, security, and those of OWN_NAMES in a sentence;
- a bool for done or not, where a named result belongs;
- log keys that a call computes.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.homonyms import SHARED, Homonyms

ROOT = Path(__file__).parents[1]


class Terms:
    """Patterns of words, each with the term to use instead. What was looked up once is remembered: names repeat."""

    def __init__(self, terms: dict[str, str]) -> None:
        self._terms = [(re.compile(pattern), term) for pattern, term in terms.items()]
        self._of: dict[str, tuple[str, ...]] = {}

    def of(self, name: str) -> tuple[str, ...]:
        """Return the terms to use instead of a name, which a pattern has to match as a whole."""
        if name not in self._of:
            self._of[name] = tuple(term for pattern, term in self._terms if pattern.fullmatch(name))
        return self._of[name]


# Names in code and in Jinja's expressions, and names in backticks in documents: the whole name has to match.
NAMES = Terms(
    {
        r"Drain|Drained": "OutboxRelay, RelayResult",
        r"[Ff]ates?": "disposition, status",
        r"Pace": "RateLimiter",
        r"[Oo]utcomes?|Effect": "DeliveryStatus, UpdateResult, InvocationResult",
        r"Statements": "BatchWriter",
        r"work_off\w*": "process_batch, process_record",
        r"undone": "failed",
        r"lanes?": "key group",
        r"Reading|Found": "ParsedRecord, NotClaimed",
        r"_?give_back": "release",
        r"_?take_over": "reclaim",
        r"[Tt]exter\w*": "SmsSender, sms",
        r"Gathering|Waiting": "BatchAccumulator, RetryQueue",
        r"(\w+_)?tries": "attempts",
        r"stalled": "attempts without progress",
        r"troubles?": "error",
        r"failed_from": "parse_batch_item_failures",
        r"Discarded": "DiscardedBatch",
        r"Parts": "Supervisor",
        r"PlainError": "UserError",
        r"Wired|wired": "ResolvedTemplate",
        r"Box|Letter|Places": "DeadLetterStore, DeadLetter, locations",
        r"LONGEST_\w+|MOST_\w+|LEAST_\w+|most|least": "MAX_, MIN_, maximum, minimum",
        r"name_of|_error_type": "error_code",
        r"put_back": "requeue",
        r"set_aside": "dead_letter, quarantine",
        r"facts": "snapshot",
        r"attach(ed)?": "external",
        r"[Ll]ogin\w*": "authentication, credentials",
    }
)
# Names that our code gives, to a class, a function, a parameter, an attribute or a variable; libraries have some, too.
OWN_NAMES = Terms(
    {
        r"_?again": "possible_duplicate, second, repeated",
        r"_?allows": "allow_request",
        r"Answer": "InvocationResult, Response",
        r"_?callers": "authorization",
        r"_?keep": "send_to_on_failure_destination, store",
        r"_?letters?": "dead_letter",
        r"_?marks": "pending_events",
        r"_?pends": "is_pending",
        r"_?[Rr]eady": "banner, is_ready",
        r"_?[Rr]unning": "the thing that runs: a stack, a poller, a task",
        r"_?sending": "send_errors",
    }
)
# Keys of log lines.
LOG_KEYS = Terms(
    {
        r"error": "error_type",
        r"stack|frames": "stack_trace",
    }
)
# Names of files, without their suffix.
FILES = Terms(
    {
        r"(test_)?drain": "outbox relay",
        r"(test_)?pace": "rate_limiter",
        r"(test_)?outcomes": "delivery_status",
        r"(test_)?(\w+_)?statements": "batch_writer",
        r"(test_)?texter": "sms",
        r"(test_)?(box|letters|places)": "dead_letter_store, dead_letter, locations",
        r"(test_)?gathering": "accumulator",
        r"(test_)?(parts|attached)": "supervisor, external services",
        r"(test_)?(callers|scopes|security)": "authorization",
        r"(test_)?(fields|facts)": "field_types, snapshot",
        r"(test_)?items": "order_item",
        r"(test_)?segments": "sms_segments",
        r"(test_)?sending": "send_errors",
    }
)
# Words in comments, strings, documents and templates.
PROSE = {
    r"anew": "again",
    r"pends": "is pending",
    r"work(s|ed|ing)? off": "process",
    r"(come|comes|came|coming) again|brought again": "redelivered, retried",
    r"will not do|would not do": "say what is wrong",
    r"comes? off": "succeed",
    r"(set|sets|setting) aside": "dead-letter, quarantine",
    r"(put|puts|putting) back": "requeue",
    r"(give|gives|given|gave|giving) back": "release",
    r"lanes?": "key group",
    r"texters?": "SMS sender",
    r"fates?": "status, disposition",
    r"outcomes?": "status, result",
    r"troubles?": "error",
    r"(the|of|more|further|few|two|three|\d+) tries": "attempts",
    r"attach(es|ed|ing)? (to|samrun|stacks?)|the attaching": "external services, which it uses",
    # Of a batch or a record. The notifier's decision GiveUp, and a client that gives up, are other things.
    r"mapping (gives?|gave) ((it|them) )?up|given up by (the mapping|Lambda)": "discard",
    r"(giv(e|es|en|ing)|gave) up (a |the )?(records?|batch(es)?)": "discard",
    # Not a part of a host or a file.
    r"(?<![-/])logins?(?![.-]\w)|logged in": "authentication, credentials; authenticated",
}
# A docstring, a comment or a description begins with a noun or a verb.
HEADLESS = r"(What|Who|Whoever|Whatever|Whose|Which|How|Where|Whether|Why)\b"
# In a comment it can begin a sentence: "When …, the client retries".
HEADLESS_DOCSTRING = rf"{HEADLESS}|When\b"
# An attribute is a thing; one that is a bool begins with "Tell whether", as a function does.
VERB_OF_PROPERTY = r"(?!Tell whether )(Compute|Get|Give|List|Make|Read|Return|Say|Tell|Yield)\b"
HEADLESS_TERM = "a verb (of a function) or a noun at the beginning"

SUFFIXES = {".py", ".md", ".yaml", ".yml", ".toml", ".jinja"}
SKIPPED_FOLDERS = {"__pycache__", "build", "dist", "node_modules"}
# Files that name the words on purpose, with the reason.
EXEMPT = {
    "CHANGELOG.md": "tells what was renamed",
    "samrun/CHANGELOG.md": "tells what was renamed",
    "tools/check_words.py": "has the table of words",
    "tests/test_words.py": "plants words",
}
# Single uses that are right, with the reason.
ALLOWED = {
    ("infrastructure/msk.yaml", "Login"): "a logical id of stacks that exist: a new one would replace the secret",
    ("tests/template/test_msk.py", "Login"): "that logical id",
    ("conftest.py", "LONGEST_FIRST"): "an order of tests, not a limit",
    ("docs/decisions.md", "Drain"): "an example of such a word",
    ("samrun/docs/debugging.md", "Attach to"): "the name of a configuration of PyCharm",
    ("docs/decisions.md", "Login"): "a logical id that stays",
    ("docs/decisions.md", "LoginOfCluster"): "a logical id that stays",
    ("functions/notify/ledger/batch_writer.py", "Statements"): "a parameter of boto3",
    ("tests/notify/fakes.py", "Statements"): "a parameter of boto3",
}

# A line may end within a phrase.
_ANY_PROSE = re.compile(rf"\b({'|'.join(PROSE)})\b".replace(" ", r"\s+(?:# )?"), re.IGNORECASE)


@dataclass(frozen=True, order=True)
class Finding:
    """Word to replace, and the place where it is."""

    path: str
    line: int
    word: str
    term: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.word!r}: use {self.term}"


def check(root: Path) -> list[Finding]:
    """Return the words to replace in all files below a folder, in the order of their places."""
    found = (finding for path in _files(root) for finding in _findings(path, path.relative_to(root).as_posix()))
    return sorted([*(each for each in found if (each.path, each.word) not in ALLOWED), *shared_names(root)])


def _files(root: Path) -> Iterator[Path]:
    """Yield the files to check: hidden folders are not ours, except GitHub's workflows."""
    for entry in sorted(root.iterdir()):
        if entry.is_dir() and (entry.name == ".github" or not entry.name.startswith(".")):
            if entry.name not in SKIPPED_FOLDERS and not entry.name.endswith(".egg-info"):
                yield from _files(entry)
        elif entry.suffix in SUFFIXES or entry.name == "Makefile":
            yield entry


def _findings(path: Path, name: str) -> Iterator[Finding]:
    if name in EXEMPT:
        return
    for term in FILES.of(path.stem):
        yield Finding(name, 1, path.stem, term)
    text = path.read_text()
    for line, word, term in _in_contents(path.suffix, text):
        yield Finding(name, line, word, term)


def shared_names(root: Path) -> Iterator[Finding]:
    """Yield the names that several things have."""
    homonyms = Homonyms()
    for path in _files(root):
        name = path.relative_to(root).as_posix()
        for each in homonyms.of(name, ast.parse(path.read_text())) if path.suffix == ".py" else ():
            if (each.kind, each.name) not in SHARED:
                yield Finding(name, each.line, each.name, f"another name: a {each.kind} in {each.other} has this one")


def _in_contents(suffix: str, text: str) -> Iterator[tuple[int, str, str]]:
    match suffix:
        case ".py":
            return _in_python(text)
        case ".jinja":
            return _in_jinja(text)
        case _:
            return _in_text(text, comments=suffix != ".md")


def _in_python(code: str) -> Iterator[tuple[int, str, str]]:
    yield from _in_tokens(code)
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield from _headless(str(node.value.value).strip(), node.lineno, HEADLESS_DOCSTRING)
        if isinstance(node, ast.FunctionDef) and _is_property(node):
            yield from _verb_of_property(node)
        yield from ((line, name, term) for name, line in _given(node) for term in OWN_NAMES.of(name))
        yield from ((line, key, term) for key, line in _log_keys(node) for term in LOG_KEYS.of(key))


def _is_property(node: ast.FunctionDef) -> bool:
    return any(ast.unparse(each).rpartition(".")[2] in {"property", "cached_property"} for each in node.decorator_list)


def _verb_of_property(node: ast.FunctionDef) -> Iterator[tuple[int, str, str]]:
    if match := re.match(VERB_OF_PROPERTY, ast.get_docstring(node) or ""):
        yield node.lineno, match[0], "a noun, or Tell whether, at the beginning: it is a property"


def _given(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield the name that our code gives by a node, with its line."""
    match node:
        case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            yield name, node.lineno
        case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
            yield name, node.lineno


def _log_keys(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield what a node makes a key of a log line, or of a dict that can become one, with its line."""
    match node:
        case ast.Dict(keys=keys):
            yield from ((str(key.value), key.lineno) for key in keys if isinstance(key, ast.Constant))
        case ast.Subscript(slice=ast.Constant(value=str(key)), ctx=ast.Store()):
            yield key, node.lineno
        case ast.Call(
            func=ast.Attribute(value=ast.Name(id="logger")) | ast.Attribute(attr="log_keys") | ast.Name(id="dict")
        ):
            yield from ((keyword.arg, keyword.lineno) for keyword in node.keywords if keyword.arg)


def _in_tokens(code: str) -> Iterator[tuple[int, str, str]]:
    for token in tokenize.generate_tokens(io.StringIO(code).readline):
        line = token.start[0]
        if token.type == tokenize.NAME:
            yield from ((line, token.string, term) for term in NAMES.of(token.string))
        elif token.type == tokenize.COMMENT:
            yield from _in_prose(token.string, line)
            yield from _headless(token.string.lstrip("#: "), line)
        elif token.type == tokenize.STRING or tokenize.tok_name[token.type] == "FSTRING_MIDDLE":
            yield from _in_prose(token.string, line)


def _in_jinja(text: str) -> Iterator[tuple[int, str, str]]:
    yield from _in_text(text, comments=False)
    for tag in re.finditer(r"\{([{%#])(.*?)[}%#]\}", text, re.DOTALL):
        line = text.count("\n", 0, tag.start()) + 1
        if tag[1] == "#":
            yield from _headless(tag[2].lstrip("- \n"), line)
        else:
            for name in re.findall(r"[A-Za-z_]\w*", re.sub(r"\"[^\"]*\"|'[^']*'", "", tag[2])):
                yield from ((line, name, term) for term in NAMES.of(name))


def _in_text(text: str, *, comments: bool) -> Iterator[tuple[int, str, str]]:
    yield from _in_prose(text, 1)
    for number, line in enumerate(text.splitlines(), 1):
        for quoted in re.findall(r"`([^`]+)`", line):
            yield from ((number, quoted, term) for term in NAMES.of(quoted))
        if comments and (begin := re.match(r" *(?:# |Description: )(.*)", line)):
            yield from _headless(begin[1], number)


def _in_prose(text: str, first_line: int) -> Iterator[tuple[int, str, str]]:
    for match in _ANY_PROSE.finditer(text):
        word = re.sub(r"\s+(# )?", " ", match[0])
        term = next(term for pattern, term in PROSE.items() if re.fullmatch(pattern, word, re.IGNORECASE))
        yield first_line + text.count("\n", 0, match.start()), word, term


def _headless(text: str, line: int, words: str = HEADLESS) -> Iterator[tuple[int, str, str]]:
    if match := re.match(words, text):
        yield line, match[0], HEADLESS_TERM


def main() -> int:
    findings = check(ROOT)
    for finding in findings:
        print(finding)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
