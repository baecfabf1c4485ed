"""Base of the gateway's errors; the package's docstring shows the tree."""

from samrun.errors import SamrunError


class GatewayError(SamrunError):
    """The gateway answers a request itself, without the function's result."""
