"""A notify that one customer's record ends as a whole."""

_DIES = """
_mended_handler = handler


def handler(event, context):
    import base64, os

    for records in event["records"].values():
        if any({marker!r} in base64.b64decode(record["value"]) for record in records):
            os._exit(1)
    return _mended_handler(event, context)
"""


def dies_of(marker: bytes) -> str:
    """Return what app.py is to have at its end, so that a record whose value holds the marker ends the process."""
    return _DIES.format(marker=marker)
