"""External services: AWS services that run elsewhere, and the check that each answers."""

import httpx

from samrun.errors import UserError

_TIMEOUT = 10.0  # seconds


class ExternalServiceError(UserError):
    """Nothing answers where a service should run."""


async def check_endpoint(url: str, *, variable: str) -> None:
    """Raise ExternalServiceError if nothing answers at the URL, which the environment `variable` holds."""
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=_TIMEOUT) as client:
            await client.get(url)
    except httpx.HTTPError as error:
        raise ExternalServiceError(
            f"Nothing answers at {url}, the address in {variable} ({error}). Start the service, or unset {variable}."
        ) from error
