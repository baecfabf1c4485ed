"""Templates as samrun reads them, for tests of a template: its parameters, its translation, its resolved values."""

from samrun.template.loader import load
from samrun.template.model.functions import Function
from samrun.template.reading.translation import translate
from samrun.template.reading.yaml_text import read_yaml
from samrun.template.resolution.resolved_template import ResolvedTemplate, resolve_template
from samrun.template.values.parameters import read as read_parameters

__all__ = ["Function", "ResolvedTemplate", "load", "read_parameters", "read_yaml", "resolve_template", "translate"]
