"""API destinations of a template: AWS::Events::ApiDestination, with the AWS::Events::Connection of each.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-api-destinations.html
"""

import re
from collections.abc import Mapping

from samrun.template.model.pipes import ApiDestination
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.support.resource_types import API_DESTINATION, CONNECTION, HTTP_API, REST_API

# An API of the template by the host that AWS gives it.
_OWN_HOST = re.compile(r"https://([^./]+)\.execute-api\.[^/]+")


def read_api_destinations(template: ResolvedTemplate) -> Mapping[str, ApiDestination]:
    """Return the API destinations by their ARNs. The URL of an API of the template is the one of this machine."""
    connections = {template.references(each, "Arn"): found for each, found in template.of_type(CONNECTION)}
    names = {template.name(each) for kind in (HTTP_API, REST_API) for each, _ in template.of_type(kind)}
    return {
        template.references(logical_id, "Arn"): ApiDestination(
            logical_id=logical_id,
            url=_url(str(properties["InvocationEndpoint"]), names, template.references.api),
            method=str(properties["HttpMethod"]),
            authorization=connections.get(str(properties["ConnectionArn"]), {}).get("AuthParameters", {}),
        )
        for logical_id, properties in template.of_type(API_DESTINATION)
    }


def _url(endpoint: str, apis: set[str], own: str) -> str:
    host = _OWN_HOST.match(endpoint)
    return f"{own}{endpoint[host.end() :]}" if host and host[1] in apis else endpoint
