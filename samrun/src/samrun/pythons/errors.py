"""Errors of the Pythons of functions."""

from samrun.errors import UserError


class InstallationError(UserError):
    """A function's packages or its Python could not be installed. The message has the installer's own last lines."""
