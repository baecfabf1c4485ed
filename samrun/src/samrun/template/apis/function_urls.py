"""Function URLs of a template: AWS::Lambda::Url."""

from collections.abc import Iterator

from samrun.template.apis.cors import read_cors
from samrun.template.arns import url_path, url_target
from samrun.template.model.http_apis import FunctionUrl
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.support.resource_types import FUNCTION_URL

_OPEN = "NONE"


def read_function_urls(template: ResolvedTemplate) -> Iterator[FunctionUrl]:
    """Yield the URLs of the template's functions."""
    functions = template.function_arns()
    for logical_id, properties in template.of_type(FUNCTION_URL):
        function, qualifier = url_target(properties)
        if function in functions:
            yield FunctionUrl(
                logical_id=logical_id,
                function=function,
                qualifier=qualifier,
                path=url_path(function, qualifier),
                cors=read_cors(properties.get("Cors")),
            )


def ignored_in_function_urls(template: ResolvedTemplate) -> Iterator[str]:
    """Yield a text for each URL that is not supported in full on one machine."""
    functions = template.function_arns()
    for logical_id, properties in template.of_type(FUNCTION_URL):
        function, _ = url_target(properties)
        if function not in functions:
            yield f"{logical_id}: its function {function} is not in the template"
        elif (authentication := properties.get("AuthType")) != _OPEN:
            yield f"{logical_id}: AuthType {authentication} (its requests are not checked)"
