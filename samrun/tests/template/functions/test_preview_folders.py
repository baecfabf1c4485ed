"""Folders of previews, in the Metadata of functions."""

from pathlib import Path

import pytest

from samrun.template.errors import TemplateError
from samrun.template.model.application import Application
from samrun.template.model.functions import PreviewFolder
from support.templates import FUNCTION, load_template


def load(tmp_path: Path, metadata: str) -> Application:
    return load_template(tmp_path, f"\n  Fn:{FUNCTION}    Metadata: {metadata}\n  Other:{FUNCTION}\n")


def test_folder_is_relative_to_the_template(tmp_path: Path) -> None:
    application = load(tmp_path, "{Previews: previews}")
    assert application.preview_folders == (PreviewFolder(logical_id="Fn", path=tmp_path / "previews"),)


def test_folder_is_the_path_of_one(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="Fn: Previews in its Metadata is not the path of a folder"):
        load(tmp_path, "{Previews: [a]}")
