"""Subject, audience and scope of a token for the APIs of an application, unless somebody names others."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from samrun.oidc.try_it_token import first_audience, local_authorizers
from samrun.supervision.files import write_atomically
from samrun.template.model.application import Application
from samrun.template.model.authorizers import SUBJECT

_FILE = Path("issuer", "token-defaults.json")


@dataclass(frozen=True, kw_only=True)
class TokenDefaults:
    """Subject, audience and scope of a token; the audience is None if no authorizer trusts the issuer.

    A stack writes them into its data folder, so that `samrun token` need not read the templates again.
    """

    subject: str
    audience: str | None
    scope: str

    @classmethod
    def of(cls, application: Application, issuer: str) -> Self:
        """Return those of an application, for the tokens of the issuer at a URL."""
        described = next((api.try_it_token for api in application.apis if api.try_it_token), None)
        audiences = (first_audience(each) for api in application.all_apis for each in local_authorizers(api, issuer))
        return cls(
            subject=described.subject if described else SUBJECT,
            audience=next(audiences, None),
            scope=described.scope if described else "",
        )

    @classmethod
    def read(cls, data: Path) -> Self:
        """Return those of the stack that runs on a data folder."""
        return cls(**json.loads((data / _FILE).read_text(encoding="utf-8")))

    def write(self, data: Path) -> None:
        """Write them for the stack that runs on a data folder."""
        write_atomically(data / _FILE, json.dumps(asdict(self), indent=2) + "\n")
