"""Files of a service, rendered from the templates of its kind: Jinja templates, and so are their paths."""

from collections.abc import Mapping
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

_TEMPLATES = Path(__file__).with_name("templates")
_COMMON = "common"
_SUFFIX = ".jinja"


def rendered_files(kind: str, values: Mapping[str, object]) -> dict[str, str]:
    """Return the text of each file of a kind, by its path: its own ones, and those that all kinds have.

    A template that renders to nothing makes no file. The templates have `values`, and the `kind`.
    """
    values = {**values, "kind": kind}
    environment = Environment(
        loader=FileSystemLoader([_TEMPLATES / kind, _TEMPLATES / _COMMON]),
        undefined=StrictUndefined,
        autoescape=False,  # noqa: S701 # it writes code and no HTML, and names.py has checked each value
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    rendered = {
        environment.from_string(name.removesuffix(_SUFFIX)).render(values): environment.get_template(name).render(
            values
        )
        for name in sorted(environment.list_templates(extensions=[_SUFFIX.removeprefix(".")]))
    }
    return {path: text for path, text in rendered.items() if text.strip()}
