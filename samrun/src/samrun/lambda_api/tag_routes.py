"""Routes of tags: ListTags, TagResource and UntagResource, which Terraform calls for each mapping."""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from samrun.functions.invocation_request import LambdaRequestError
from samrun.lambda_api.json_body import read_json
from samrun.lambda_api.mapping_registry import MappingRegistry

_PATH = "/2017-03-31/tags/{arn:path}"
_MAPPING = ":event-source-mapping:"


def tag_routes(registry: MappingRegistry) -> list[Route]:
    """Return the routes of the tags of mappings. They last as long as the stack."""

    def tags_of(request: Request) -> dict[str, str]:
        _, is_mapping, uuid = request.path_params["arn"].partition(_MAPPING)
        if not is_mapping:
            message = f"samrun has tags of event source mappings only, and not of {request.path_params['arn']}"
            raise LambdaRequestError(400, "InvalidParameterValueException", message)
        return registry.get(uuid).tags

    async def list_tags(request: Request) -> Response:
        return JSONResponse({"Tags": tags_of(request)})

    async def tag_resource(request: Request) -> Response:
        tags_of(request).update(read_tags(await read_json(request)))
        return Response(status_code=204)

    async def untag_resource(request: Request) -> Response:
        tags = tags_of(request)
        for name in request.query_params.getlist("tagKeys"):
            tags.pop(name, None)
        return Response(status_code=204)

    return [
        Route(_PATH, list_tags, methods=["GET"]),
        Route(_PATH, tag_resource, methods=["POST"]),
        Route(_PATH, untag_resource, methods=["DELETE"]),
    ]


def read_tags(content: dict[str, object]) -> dict[str, str]:
    """Return the tags of a request. Raises LambdaRequestError."""
    tags = content.get("Tags") or {}
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        raise LambdaRequestError(400, "InvalidParameterValueException", "Tags is no object of texts")
    return tags
