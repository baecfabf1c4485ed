"""Qualifiers of functions: the versions and aliases that a template publishes."""

from collections import defaultdict
from collections.abc import Mapping

from samrun.template.arns import function_name
from samrun.template.resolution.resolved_template import ResolvedTemplate

_ALIAS, _VERSION = "AWS::Lambda::Alias", "AWS::Lambda::Version"


def published_qualifiers(template: ResolvedTemplate) -> Mapping[str, frozenset[str]]:
    """Return the versions and aliases of each function, by its name; those that publish none are missing.

    The first deployment of a template publishes version 1 of a function.
    """
    found: dict[str, set[str]] = defaultdict(set)
    for _logical_id, properties in template.of_type(_VERSION):
        found[function_name(properties["FunctionName"])].add("1")
    for _logical_id, properties in template.of_type(_ALIAS):
        found[function_name(properties["FunctionName"])].add(properties["Name"])
    return {name: frozenset(qualifiers) for name, qualifiers in found.items()}
