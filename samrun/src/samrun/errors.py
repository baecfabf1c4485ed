"""Errors that are told in words, without a traceback, to whoever started the stack."""

from collections.abc import Iterator


class PlainError(Exception):
    """What is wrong is outside the code, and the message says what to do about it."""


def plain_errors(group: BaseExceptionGroup[BaseException]) -> list[PlainError]:
    """Return the errors of a group that can be told in words; raise the group if there is any other in it."""
    errors = list(_leaves(group))
    plain = [error for error in errors if isinstance(error, PlainError)]
    if len(plain) < len(errors):
        raise group
    return plain


def _leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from _leaves(error)
        else:
            yield error
