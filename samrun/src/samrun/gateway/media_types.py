"""Binary media types of a REST API: which bodies are binary.

https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-payload-encodings.html
"""

from collections.abc import Iterable


def is_binary(header: str | None, binary_media_types: Iterable[str]) -> bool:
    """Tell whether a Content-Type or Accept header names one of the binary media types.

    Only the first type in the header counts. `image/*` in the list stands for each type of image, and `*/*` for
    everything. In the header, a `*` stands for itself:
    https://github.com/localstack/localstack/blob/main/tests/aws/services/apigateway/test_apigateway_lambda.py
    """
    first = (header or "").split(",")[0].split(";")[0].strip().lower()
    return any(_matches(first, declared.split(";")[0].strip().lower()) for declared in binary_media_types)


def _matches(media_type: str, declared: str) -> bool:
    kind, _, subtype = declared.partition("/")
    if subtype == "*":
        return kind in {"*", media_type.partition("/")[0]}
    return media_type == declared
