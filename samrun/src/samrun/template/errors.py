"""Base of the template's errors; the package's docstring shows the tree."""

from samrun.errors import UserError


class TemplateError(UserError):
    """The template cannot run; the message says what to change."""
