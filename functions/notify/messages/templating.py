"""Templates: compiled all at once, so that an error in one is found before a customer waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateSyntaxError,
    Undefined,
    nodes,
    pass_context,
    pass_eval_context,
    select_autoescape,
)

from functions.notify.errors import NotifyError
from functions.notify.messages import formats
from functions.notify.messages.compiled_templates import CompiledTemplates, digest
from functions.notify.messages.user_text import isolated, without_links

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from pathlib import Path
    from types import CodeType

    from jinja2.nodes import EvalContext
    from jinja2.runtime import Context

REFERENCES: tuple[type[nodes.Extends | nodes.Include | nodes.Import | nodes.FromImport], ...] = (
    nodes.Extends,
    nodes.Include,
    nodes.Import,
    nodes.FromImport,
)


class BrokenTemplatesError(NotifyError):
    """Templates are missing or wrong. The message names all of them, with file and line."""


def compile_all(templates: Path) -> Environment:
    """Return the environment with every template below a folder compiled. Raises BrokenTemplatesError.

    What the build has compiled is not compiled again.
    """
    environment = Environment(
        loader=_Loader(templates, CompiledTemplates(templates)),
        autoescape=select_autoescape(enabled_extensions=["html.jinja"]),
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.filters |= {"money": _money, "date_time": _date_time, "times": _times, "user_text": _user_text}
    environment.globals["spread"] = formats.spread
    names = environment.list_templates(extensions=["jinja"])
    if problems := list(filter(None, (_problem(environment, name) for name in names))):
        raise BrokenTemplatesError("\n".join(problems))
    return environment


def generate_code(templates: Path) -> dict[str, tuple[str, str]]:
    """Return the digest and the Python code of every template below a folder, by name, for the build to compile.

    Raises BrokenTemplatesError.
    """
    environment, generated = compile_all(templates), {}
    for name in environment.list_templates(extensions=["jinja"]):
        source = (templates / name).read_text(encoding="utf-8")
        generated[name] = (digest(source), environment.compile(source, name, raw=True))
    return generated


def _problem(environment: Environment, name: str) -> str | None:
    """Compile a template, and return its error, if it has one."""
    try:
        environment.get_template(name)
    except TemplateSyntaxError as error:
        return f"{error.name}, line {error.lineno}: {error.message}"
    except UnicodeDecodeError as error:
        return f"{name}: byte {error.start} is not UTF-8"
    return None


class _Loader(FileSystemLoader):
    """Loader of templates: those that a template names must exist, too. Jinja looks for them only when it renders."""

    def __init__(self, templates: Path, compiled: CompiledTemplates) -> None:
        super().__init__(templates)
        self._compiled = compiled

    def load(
        self,
        environment: Environment,
        name: str,
        globals: MutableMapping[str, Any] | None = None,  # noqa: A002 Jinja's
    ) -> Template:
        source, filename, is_up_to_date = self.get_source(environment, name)
        code = self._compiled.find(name, source) or self._compile(environment, source, name, filename)
        return Template.from_code(environment, code, {} if globals is None else globals, is_up_to_date)

    def _compile(self, environment: Environment, source: str, name: str, filename: str) -> CodeType:
        document = environment.parse(source, name, filename)
        names = self.list_templates()
        for node in document.find_all(REFERENCES):
            if isinstance(node.template, nodes.Const) and node.template.value not in names:
                raise TemplateSyntaxError(f"there is no template {node.template.value}", node.lineno, name, filename)
        return environment.compile(document, name, filename)


def _printable(value: Any) -> Any:
    """Refuse a value that the customer would read as None or {}."""
    if value is None or isinstance(value, dict | list):
        raise formats.FormatError("a value is neither text nor a number")
    return value


def _defined(value: Any) -> Any:
    """Return the argument of a filter. Raises UndefinedError if it is missing: Jinja calls filters for that, too."""
    return str(value) if isinstance(value, Undefined) else value


@pass_context
def _money(context: Context, amount: Any, currency: Any) -> str:
    return formats.money(_defined(amount), _defined(currency), context["locale"])


@pass_context
def _date_time(context: Context, timestamp: Any) -> str:
    return formats.date_time(_defined(timestamp), context["locale"])


def _times(amount: Any, quantity: Any) -> str:
    return formats.multiply(_defined(amount), _defined(quantity))


@pass_eval_context
def _user_text(template: EvalContext, value: Any) -> str:
    text = without_links(str(_printable(_defined(value))))
    return isolated(text) if template.autoescape else text
