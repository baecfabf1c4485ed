"""Count of the templates of a folder that samrun loads with nothing ignored, and of what it ignores in the others.

    python samrun/tools/count_templates.py FOLDER [--reasons]

The folder is a checkout with SAM templates, such as https://github.com/aws-samples/serverless-patterns. Each file
template.yaml or template.yml with a Python runtime counts. It is read as `samrun up` reads it; nothing is started. A
parameter that has no value in the template gets one here: the first that it allows, or one that fits its type, its
length and, if a mail address does, its pattern.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from samrun import Endpoints, UserError, load_application
from samrun.template.reading.yaml_text import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_PYTHON = re.compile(r"\bpython3\.\d+\b")
_NAMES = ("template.yaml", "template.yml")
# Nothing runs there: the addresses stand for those of a stack.
_ENDPOINTS = Endpoints(
    api="http://127.0.0.1:3000",
    lambda_="http://127.0.0.1:3001",
    console="http://127.0.0.1:8025",
    aws="http://127.0.0.1:4566",
    dynamodb="http://127.0.0.1:8000",
    kafka="127.0.0.1:9092",
)
_LOGICAL_ID = re.compile(r"^[\w.:/ -]*?\((AWS::[\w:]+|Custom::\w+)\)")


def python_templates(folder: Path) -> Iterator[Path]:
    """Yield the templates in a folder, and in those below it, that name a Python runtime."""
    for file in sorted(folder.rglob("template.y*ml")):
        if file.name in _NAMES and _PYTHON.search(file.read_text(errors="replace")):
            yield file


def findings(template: Path) -> tuple[Sequence[str], str | None]:
    """Return what samrun ignores in a template, and the error if it refuses the template."""
    try:
        overrides = [f"{name}={value}" for name, value in _values(template)]
        return load_application(template, endpoints=_ENDPOINTS, overrides=overrides, region="us-east-1").ignored, None
    except (UserError, yaml.YAMLError) as error:
        return (), str(error)


def _values(template: Path) -> Iterator[tuple[str, str]]:
    """Yield the parameters of a template that have no default, each with a value."""
    document = read_yaml(template)
    for name, parameter in ((document or {}).get("Parameters") or {}).items():
        if "Default" not in parameter:
            yield name, _value(name, parameter)


def _value(name: str, parameter: Mapping[str, Any]) -> str:
    if allowed := parameter.get("AllowedValues"):
        return str(allowed[0])
    if parameter.get("Type") == "Number":
        return str(parameter.get("MinValue", 1))
    text = name.lower().ljust(int(parameter.get("MinLength", 0)), "x")
    mail = f"{text}@example.com"
    pattern = str(parameter.get("AllowedPattern", ""))
    return mail if pattern and not re.fullmatch(pattern, text) and re.fullmatch(pattern, mail) else text


def main(arguments: Sequence[str]) -> int:
    """Print a line for each template, with what is ignored or why it is refused, and the totals."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--reasons", action="store_true", help="print how many templates have each reason, too")
    options = parser.parse_args(arguments)
    whole = ignoring = refused = 0
    reasons: Counter[str] = Counter()
    for template in python_templates(options.folder):
        ignored, error = findings(template)
        print(f"{'refused' if error else f'{len(ignored)} ignored'}  {template.relative_to(options.folder)}")
        for text in (error,) if error else ignored:
            print(f"    {text}".replace("\n", "\n    "))
        reasons.update({_LOGICAL_ID.sub(r"\1", text) for text in ignored})
        whole += not error and not ignored
        ignoring += not error and bool(ignored)
        refused += bool(error)
    total = whole + ignoring + refused
    print(
        f"\n{whole} of {total} templates load with nothing ignored; {ignoring} with something; {refused} are refused."
    )
    if options.reasons:
        for reason, number in reasons.most_common():
            print(f"{number:4}  {reason}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
