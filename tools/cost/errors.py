"""Errors of tools.cost."""


class CostError(Exception):
    """The cost cannot be computed."""


class NoPriceError(CostError):
    """The file of prices lacks a price."""
