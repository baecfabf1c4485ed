"""Folders with previews of the messages that a function sends: `Previews` in its Metadata, relative to the template."""

from collections.abc import Iterator
from pathlib import Path

from samrun.template.errors import TemplateError
from samrun.template.model.functions import PreviewFolder
from samrun.template.resolution.resolved_template import ResolvedTemplate
from samrun.template.support.resource_types import FUNCTION


def read_preview_folders(template: ResolvedTemplate, *, folder: Path) -> Iterator[PreviewFolder]:
    """Yield the folder of each function that names one, which need not exist. Raises TemplateError."""
    for logical_id, _ in template.of_type(FUNCTION):
        declared = template.metadata(logical_id).get("Previews")
        if declared is None:
            continue
        if not isinstance(declared, str):
            raise TemplateError(f"{logical_id}: Previews in its Metadata is not the path of a folder")
        yield PreviewFolder(logical_id=logical_id, path=folder / declared)
