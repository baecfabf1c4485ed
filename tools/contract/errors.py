"""Errors of the tool; their messages say what to do."""


class ContractError(Exception):
    """A file of the contract cannot be read or compared."""
