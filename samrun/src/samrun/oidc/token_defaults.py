"""Subject and audience of a token for the APIs of an application, unless somebody names others."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from samrun.oidc.issuer import Issuer
from samrun.supervision.files import write_atomically
from samrun.template.model.application import Application
from samrun.template.model.authorizers import SUBJECT, JwtAuthorizer
from samrun.template.model.http_apis import HttpApi
from samrun.template.model.rest_apis import RestApi

_FILE = Path("issuer", "token-defaults.json")


@dataclass(frozen=True, kw_only=True)
class TokenDefaults:
    """Subject and audience of a token; the audience is None if no authorizer trusts the issuer.

    A stack writes them into its data folder, so that `samrun token` need not read the templates again.
    """

    subject: str
    audience: str | None

    @classmethod
    def of(cls, application: Application, issuer: str) -> Self:
        """Return those of an application, for the tokens of the issuer at a URL."""
        subjects = (api.try_it_token.subject for api in application.apis if api.try_it_token)
        audiences = (_first(each) for api in application.all_apis for each in _trusting(api, issuer))
        return cls(subject=next(subjects, SUBJECT), audience=next(audiences, None))

    @classmethod
    def read(cls, data: Path) -> Self:
        """Return those of the stack that runs on a data folder."""
        return cls(**json.loads((data / _FILE).read_text(encoding="utf-8")))

    def write(self, data: Path) -> None:
        """Write them for the stack that runs on a data folder."""
        write_atomically(data / _FILE, json.dumps(asdict(self), indent=2) + "\n")


def try_it_token(api: HttpApi, issuer: Issuer) -> str | None:
    """Return the token that the API's Metadata asks for in its TryIt; None if no route would check it."""
    authorizer = next(_trusting(api, issuer.url), None)
    if authorizer is None or api.try_it_token is None:
        return None
    token_spec = api.try_it_token
    return issuer.token(subject=token_spec.subject, audience=_first(authorizer), scope=token_spec.scope)


def _trusting(api: HttpApi | RestApi, issuer: str) -> Iterator[JwtAuthorizer]:
    for route in api.routes if isinstance(api, HttpApi) else api.methods:
        authorizer = route.authorizer
        if isinstance(authorizer, JwtAuthorizer) and authorizer.issuer == issuer and authorizer.audiences != ():
            yield authorizer


def _first(authorizer: JwtAuthorizer) -> str:
    """Return the audience for a token: the first one, or any if the authorizer accepts every one."""
    return authorizer.audiences[0] if authorizer.audiences else "local"
