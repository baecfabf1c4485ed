"""External services: the check that one answers."""

import asyncio

import pytest

from samrun.endpoints import url
from samrun.services.external import ExternalServiceError, check_endpoint
from samrun.supervision.ports import claim


def test_check_of_a_silent_address_says_what_to_do() -> None:
    address = url(claim("aws", 0))
    with pytest.raises(ExternalServiceError, match=f"^Nothing answers at {address}, .* or unset AWS_ENDPOINT_URL.$"):
        asyncio.run(check_endpoint(address, variable="AWS_ENDPOINT_URL"))
