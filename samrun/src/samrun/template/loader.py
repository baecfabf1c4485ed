"""Loader: reads, translates and resolves a SAM template, and returns the application that it declares."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from samrun.template.apis.function_urls import ignored_in_function_urls, read_function_urls
from samrun.template.apis.http_api import ignored_in_http_apis, missing_in_http_apis, read_http_apis
from samrun.template.apis.rest_api import ignored_in_rest_apis, missing_in_rest_apis, read_rest_apis
from samrun.template.functions.functions_not_run import without
from samrun.template.functions.lambda_functions import NotRun, ignored_in_functions, read_functions
from samrun.template.functions.layers import layer_folders
from samrun.template.functions.preview_folders import read_preview_folders
from samrun.template.model.application import Application, Resource
from samrun.template.model.functions import Function
from samrun.template.reading.error_places import errors_of
from samrun.template.reading.joined_stacks import join
from samrun.template.reading.nested_stacks import LOCAL_STACK, StackTemplate
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.resolution.unknown_values import (
    attribute_reference,
    import_reference,
    is_attribute,
    is_import,
    references_in,
    remedy,
)
from samrun.template.support.event_sources import missing_triggers
from samrun.template.support.properties import ignored_properties
from samrun.template.support.resource_types import CREATED, KNOWN, STATE_MACHINE, reason_not_run
from samrun.template.support.transforms import ignored_transforms
from samrun.template.triggers.custom_resources import read_custom_resources
from samrun.template.triggers.declared_topics import read_kafka_topics
from samrun.template.triggers.event_pipes import ignored_in_pipes, read_pipes
from samrun.template.triggers.event_rules import ignored_in_event_rules, read_event_rules
from samrun.template.triggers.kafka_mappings import ignored_in_mappings, read_kafka_mappings
from samrun.template.triggers.mail_event_destinations import read_mail_event_destinations
from samrun.template.triggers.notifications import (
    ignored_in_notifications,
    read_address_subscriptions,
    read_notifications,
)
from samrun.template.triggers.queue_triggers import ignored_in_queue_triggers, read_queue_triggers, undeclared_queues
from samrun.template.triggers.receipt_rules import ignored_in_receipt_rules, read_receipt_rules
from samrun.template.triggers.schedules import ignored_in_schedules, read_schedules
from samrun.template.triggers.state_machines import ignored_in_state_machines, read_state_machines
from samrun.template.triggers.stream_triggers import ignored_in_stream_triggers, read_stream_triggers
from samrun.template.triggers.table_copies import ignored_in_table_copies, read_table_copies


def load(
    path: Path,
    *,
    parameters: Mapping[str, str],
    region: str,
    aws: str,
    api: str = "",
    issuer: str = "",
    in_containers: bool = False,
    stack_name: str = LOCAL_STACK,
) -> Application:
    """Return the application of the template at `path`, with these values for its parameters.

    `aws` is the URL of the local AWS; queue URLs begin with it. `api` is the URL of the APIs, with which
    the URLs of functions begin. `stack_name` is the value of AWS::StackName. `issuer` is the URL of the local issuer of
    tokens. Functions in other languages than Python belong to the application if functions run `in_containers`. Raises
    TemplateError.
    """
    outer = StackTemplate(path, parameters=parameters, region=region, aws=aws, api=api, stack_name=stack_name)
    with errors_of(path):
        stacks = list(outer.all())
        layers = {arn: folder for each in stacks for arn, folder in _layers(each)}
    application = join(
        {
            stack.prefix: _application(
                stack, {**layers, **dict(_layers(stack))}, issuer=issuer, in_containers=in_containers
            )
            for stack in stacks
        }
    )
    more = (*_left_out(stacks), *_unknown_values(stacks, application))
    return replace(application, ignored=(*application.ignored, *more))


def _layers(stack: StackTemplate) -> Iterator[tuple[str, Path]]:
    with errors_of(stack.path, stack.template.resources):
        yield from layer_folders(stack.template, source=stack.source, path=stack.path)


def _application(stack: StackTemplate, layers: Mapping[str, Path], *, issuer: str, in_containers: bool) -> Application:
    template, path = stack.template, stack.path
    with errors_of(path, template.resources):
        functions = list(
            read_functions(template, source=stack.source, path=path, layers=layers, in_containers=in_containers)
        )
        run = tuple(each for each in functions if isinstance(each, Function))
        queue_triggers = tuple(read_queue_triggers(template, path=path))
        machines = read_state_machines(template, source=stack.source, path=path)
        declared = (*_created_resources(template), *machines)
        resources = (*declared, *undeclared_queues(queue_triggers, declared, run))
        application = Application(
            functions=run,
            apis=tuple(read_http_apis(template, folder=path.parent, issuer=issuer)),
            rest_apis=tuple(read_rest_apis(template, issuer=issuer)),
            function_urls=tuple(read_function_urls(template)),
            mappings=tuple(read_kafka_mappings(template, path=path)),
            kafka_topics=tuple(read_kafka_topics(template)),
            pipes=tuple(read_pipes(template)),
            receipt_rules=tuple(read_receipt_rules(template)),
            address_subscriptions=tuple(read_address_subscriptions(template)),
            schedules=tuple(read_schedules(template)),
            resources=resources,
            queue_triggers=queue_triggers,
            stream_triggers=tuple(read_stream_triggers(template, path=path)),
            notifications=tuple(read_notifications(template)),
            event_rules=tuple(read_event_rules(template)),
            preview_folders=tuple(read_preview_folders(template, folder=path.parent)),
            mail_event_destinations=tuple(read_mail_event_destinations(template)),
            custom_resources=tuple(read_custom_resources(template)),
            table_copies=tuple(read_table_copies(template)),
            ignored=(
                *ignored_transforms(stack.source),
                *_ignored(template),
                *ignored_in_functions(template, layers),
                *ignored_in_state_machines(template, source=stack.source, path=path),
                *stack.not_here(),
            ),
            missing_triggers=(
                *missing_triggers(template),
                *missing_in_http_apis(template),
                *missing_in_rest_apis(template),
            ),
        )
    return without([each for each in functions if isinstance(each, NotRun)], application)


def _created_resources(template: ResolvedTemplate) -> Iterator[Resource]:
    for kind in sorted(CREATED - {STATE_MACHINE}):
        for logical_id, properties in template.of_type(kind):
            yield Resource(logical_id=logical_id, type=kind, name=template.name(logical_id), properties=properties)


def _ignored(template: ResolvedTemplate) -> Iterator[str]:
    custom = {each.logical_id for each in read_custom_resources(template)}
    for logical_id, resource in template.resources.items():
        if resource["Type"] not in KNOWN and logical_id not in custom:
            reason = reason_not_run(resource["Type"])
            yield f"{logical_id} ({resource['Type']})" + (f": {reason}" if reason else "")
    yield from ignored_properties(template)
    yield from ignored_in_mappings(template)
    yield from ignored_in_queue_triggers(template)
    yield from ignored_in_stream_triggers(template)
    yield from ignored_in_table_copies(template)
    yield from ignored_in_notifications(template)
    yield from ignored_in_event_rules(template)
    yield from ignored_in_pipes(template)
    yield from ignored_in_receipt_rules(template)
    yield from ignored_in_http_apis(template)
    yield from ignored_in_rest_apis(template)
    yield from ignored_in_function_urls(template)
    yield from ignored_in_schedules(template)


def _left_out(stacks: Iterable[StackTemplate]) -> Iterator[str]:
    """Yield a text for each function that samrun cannot resolve."""
    for stack in stacks:
        for function in stack.template.intrinsics.left_out:
            yield f"{stack.prefix}{function}: samrun cannot resolve it on this machine, and leaves its value out"


def _unknown_values(stacks: Iterable[StackTemplate], application: Application) -> Iterator[str]:
    """Yield a text for each value that this machine does not have, once: what stands for it, and how to give it."""
    stand_ins = (
        *(import_reference(name) for stack in stacks for name in stack.template.intrinsics.imported),
        *references_in([each.environment for each in application.functions]),
        *references_in([each.properties for each in application.resources]),
        *references_in([each.topic for each in application.mappings]),
        *references_in([each.queue_arn for each in application.queue_triggers]),
        *references_in([each.properties for each in application.custom_resources]),
    )
    # The resource of an attribute is named instead, if it is not run.
    run = {attribute_reference(each.logical_id, "") for each in application.custom_resources}
    defaults: dict[str, list[str]] = {
        each: [] for each in stand_ins if not is_attribute(each) or each.startswith(tuple(run))
    }
    for stack in stacks:
        for logical_id, default in stack.template.defaults():
            for reference in default.references:
                defaults.setdefault(reference, []).append(f"{stack.prefix}{logical_id}.{default.place}")
    for reference, places in defaults.items():
        text = "the value of another stack" if is_import(reference) else "its value is in AWS"
        if is_attribute(reference):
            text = "the answer of a custom resource comes after the start"
        if places:
            text += f", so the default stands for {', '.join(places)}"
        elif is_import(reference):
            text += ". Its name stands for it"
        yield f"{reference}: {text}. {remedy(reference)}"
