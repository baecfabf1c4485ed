"""Routes of event source mappings: Create, Get, List, Update and DeleteEventSourceMapping."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from samrun.functions.invocation_request import FunctionNames, resolve_function
from samrun.lambda_api.api_shapes import answer
from samrun.lambda_api.json_body import read_json
from samrun.lambda_api.mapping_configuration import event_source_arn, mapping_configuration
from samrun.lambda_api.mapping_registry import MappingRegistry, RegisteredMapping
from samrun.lambda_api.mapping_requests import MappingRequests
from samrun.lambda_api.paging import page_of
from samrun.lambda_api.tag_routes import read_tags
from samrun.template.arns import function_and_qualifier
from samrun.template.model.kafka_mappings import KafkaMapping

_PATH = "/2015-03-31/event-source-mappings"
# Lambda returns up to 100 mappings in a call.
_PAGE = 100


def mapping_routes(registry: MappingRegistry, functions: FunctionNames | None, region: str) -> list[Route]:
    """Return the routes of the mappings in a registry. `functions` are those that exist; None: nobody here knows."""
    requests = MappingRequests(functions=functions, region=region)

    def respond(mapping: RegisteredMapping, status: int = 200) -> Response:
        return JSONResponse(mapping_configuration(mapping, region=region), status_code=status)

    async def create(request: Request) -> Response:
        content = await read_json(request)
        tags = read_tags(content)
        mapping = registry.create(requests.created(content, registry.all()))
        mapping.tags.update(tags)
        return respond(mapping, 202)

    async def update(request: Request) -> Response:
        found = registry.get(request.path_params["uuid"])
        changes = await read_json(request)
        return respond(registry.update(found.uuid, requests.updated(found.trigger, changes)), 202)

    async def delete(request: Request) -> Response:
        return respond(registry.delete(request.path_params["uuid"]), 202)

    async def get(request: Request) -> Response:
        return respond(registry.get(request.path_params["uuid"]))

    async def list_mappings(request: Request) -> Response:
        query = request.query_params
        if functions and "FunctionName" in query:
            resolve_function(query["FunctionName"], None, functions)
        found = [each for each in registry.all() if _is_asked_for(each, query)]
        mappings, marker = page_of(found, query, key=lambda each: f"{each.number:09}", size=_PAGE)
        configurations = [mapping_configuration(each, region=region) for each in mappings]
        content = {"EventSourceMappings": configurations, "NextMarker": marker}
        return JSONResponse(answer("ListEventSourceMappingsResponse", content))

    # The models of some versions of the SDKs have a slash at the end.
    return [
        *(Route(path, create, methods=["POST"]) for path in (_PATH, f"{_PATH}/")),
        *(Route(path, list_mappings, methods=["GET"]) for path in (_PATH, f"{_PATH}/")),
        Route(f"{_PATH}/{{uuid}}", get, methods=["GET"]),
        Route(f"{_PATH}/{{uuid}}", update, methods=["PUT"]),
        Route(f"{_PATH}/{{uuid}}", delete, methods=["DELETE"]),
    ]


def _is_asked_for(mapping: RegisteredMapping, query: Mapping[str, str]) -> bool:
    """Tell whether a list has a mapping. A function without a qualifier stands for its versions and aliases, too."""
    trigger = mapping.trigger
    source = query.get("EventSourceArn")
    if source and event_source_arn(trigger) != source:
        return False
    if "FunctionName" not in query:
        return True
    name, qualifier = function_and_qualifier(query["FunctionName"])
    own = trigger.qualifier if isinstance(trigger, KafkaMapping) else None
    return trigger.function == name and qualifier in {None, own}
