"""Forms that the pages of the console send."""

from urllib.parse import parse_qsl

from starlette.exceptions import HTTPException
from starlette.requests import Request

from samrun.supervision.bounded_body import read_at_most

_MAX_FORM = 24 * 1024 * 1024  # bytes: a record of 6 MB, of which each byte may be written as three
_MAX_FIELDS = 100


async def read_form(request: Request) -> dict[str, str]:
    """Return the fields of a form. Lines end with a line feed, whatever the browser made of them.

    Raises HTTPException if the form is too large.
    """
    body = await read_at_most(request, _MAX_FORM)
    if body is None:
        raise HTTPException(413, f"The form is larger than {_MAX_FORM // 1024 // 1024} MB.")
    try:
        fields = parse_qsl(body.decode("latin-1"), keep_blank_values=True, max_num_fields=_MAX_FIELDS, errors="replace")
    except ValueError:
        raise HTTPException(400, f"The form has more than {_MAX_FIELDS} fields.") from None
    return {name: value.replace("\r\n", "\n") for name, value in fields}
