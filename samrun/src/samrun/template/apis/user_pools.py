"""User pools of Amazon Cognito: the issuers whose tokens an API accepts.

The local issuer stands for each user pool of the template, since samrun has none.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from samrun.template.apis.api_documents import security_schemes
from samrun.template.model.authorizers import JwtAuthorizer
from samrun.template.resolution.resolved_template import ResolvedTemplate

USER_POOL = "AWS::Cognito::UserPool"
_TYPE = "cognito_user_pools"


def issuer_here(template: ResolvedTemplate, issuer: str, *, local: str) -> str:
    """Return the issuer, or the local one if this is a user pool of the template."""
    return local if _is_of_template(template, issuer) else issuer


def cognito_authorizers(
    template: ResolvedTemplate, document: Mapping[str, Any], *, local: str
) -> dict[str, JwtAuthorizer]:
    """Return the authorizers of a REST API's document that check tokens of a user pool, by name.

    They check the first pool of several. Clients of the pool are not told apart, so every audience is accepted.
    """
    return {
        name: JwtAuthorizer(
            name=name,
            issuer=local if _is_of_template(template, pools[0]) else _issuer(pools[0]),
            audiences=None,
            identity_source=f"$request.header.{header}",
        )
        for name, header, pools in _declared(document)
    }


def further_pools(document: Mapping[str, Any]) -> Iterator[str]:
    """Yield a text for each authorizer with several user pools: only the first one is checked."""
    for name, _, pools in _declared(document):
        if len(pools) > 1:
            yield f"Auth of {name}: the user pools {', '.join(pools[1:])} (only the tokens of {pools[0]} are accepted)"


def _declared(document: Mapping[str, Any]) -> Iterator[tuple[str, str, list[str]]]:
    """Yield name, header and ARNs of the user pools of each authorizer."""
    for name, scheme in security_schemes(document).items():
        declared = scheme.get("x-amazon-apigateway-authorizer") or {}
        pools = [str(arn) for arn in declared.get("providerARNs") or []]
        if str(declared.get("type", "")).lower() == _TYPE and pools:
            yield name, str(scheme.get("name") or "Authorization"), pools


def _is_of_template(template: ResolvedTemplate, reference: str) -> bool:
    """Tell whether an ARN or an issuer ends with the name of a user pool of the template."""
    return any(
        _last(reference) in {_last(str(template.references(logical_id, attribute))) for attribute in (None, "Arn")}
        for logical_id, _ in template.of_type(USER_POOL)
    )


def _last(text: str) -> str:
    return text.rpartition("/")[2].rpartition(":")[2]


def _issuer(arn: str) -> str:
    """Return the issuer of a user pool: https://cognito-idp.REGION.amazonaws.com/POOL."""
    _, _, _, region, *_ = *arn.split(":"), "", "", "", ""
    return f"https://cognito-idp.{region}.amazonaws.com/{arn.rpartition('/')[2]}"
