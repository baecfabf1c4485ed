"""A notify function whose process ends when it gets a given record."""

_DIES = """
_fixed_handler = handler


def handler(event, context):
    import base64, os

    for records in event["records"].values():
        if any({marker!r} in base64.b64decode(record["value"]) for record in records):
            os._exit(1)
    return _fixed_handler(event, context)
"""


def dies_of(marker: bytes) -> str:
    """Return code for the end of handlers/notify.py: a record whose value contains the marker ends the process."""
    return _DIES.format(marker=marker)
