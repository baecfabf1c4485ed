"""Requirements: the key of an environment changes with everything that decides what is installed."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from samrun.pythons.errors import InstallationError
from samrun.pythons.requirements import Requirements, path_for_people, requirements_of, requirements_of_layers
from support.python_function import create_function


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("-r ../base.txt", "base.txt"),
        ("--requirement=../base.txt", "base.txt"),
        ("-c ../base.txt", "base.txt"),
        ("--constraint ../base.txt", "base.txt"),
        ("../common", "common/setup.py"),
        ("-e ../common", "common/setup.py"),
        ("common[extra] @ file:../common", "common/setup.py"),
        ("../common/common-1.0-py3-none-any.whl", "common/common-1.0-py3-none-any.whl"),
    ],
)
def test_file_that_requirements_name_counts(tmp_path: Path, line: str, named: str) -> None:
    other = write(tmp_path / named, "first")
    requirements = Requirements(write(tmp_path / "src" / "requirements.txt", f"{line}\n"))
    before = requirements.digest()
    assert requirements.digest() == before
    other.write_text("second")
    assert requirements.digest() != before


def test_includes_are_followed_and_may_form_a_loop(tmp_path: Path) -> None:
    file = write(tmp_path / "src" / "requirements.txt", "-r ../a/first.txt\n")
    first = write(tmp_path / "a" / "first.txt", "-r second.txt\n-r ../src/requirements.txt\n")
    second = write(tmp_path / "a" / "second.txt", "six==1.17.0\n")
    assert Requirements(file).files() == [file, first, second]


def test_file_that_cannot_be_read_is_an_error_and_ends_no_stack(tmp_path: Path) -> None:
    requirements = Requirements(write(tmp_path / "src" / "requirements.txt", "../common\n"))
    write(tmp_path / "common" / "common.py", "x = 1")
    (tmp_path / "common" / "gone.py").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InstallationError, match=r"gone\.py cannot be read: No such file or directory"):
        requirements.digest()


def test_equal_contents_are_one_environment_wherever_they_are(tmp_path: Path) -> None:
    one, other = (write(tmp_path / name / "requirements.txt", "six==1.17.0\n") for name in ("one", "other"))
    assert Requirements(one).digest() == Requirements(other).digest()
    other.write_text("six==1.16.0\n")
    assert Requirements(one).digest() != Requirements(other).digest()


@pytest.mark.parametrize(
    "line", ["six==1.17.0", "-r missing.txt", "./missing", "a @ https://example.com/a.whl", "# ./x"]
)
def test_line_that_names_no_file_of_this_machine_names_none(tmp_path: Path, line: str) -> None:
    file = write(tmp_path / "requirements.txt", f"{line}\n")
    assert Requirements(file).files() == [file]


@pytest.mark.parametrize("ignored", [".git/HEAD", "__pycache__/common.pyc", "build/lib/common.py", "common.egg-info/x"])
def test_builds_of_a_local_project_do_not_count(tmp_path: Path, ignored: str) -> None:
    requirements = Requirements(write(tmp_path / "src" / "requirements.txt", "../common\n"))
    write(tmp_path / "common" / "common.py", "x = 1")
    before = requirements.digest()
    write(tmp_path / "common" / ignored, "changes at each build")
    assert requirements.digest() == before


def _vendor(folder: Path) -> None:
    (folder / "six-1.17.0.dist-info").mkdir()


@pytest.mark.parametrize(("change", "installed"), [(lambda _: None, True), (_vendor, False)])
def test_folder_that_has_its_packages_needs_no_installation(
    tmp_path: Path, change: Callable[[Path], None], installed: bool
) -> None:
    function = create_function(tmp_path)
    assert requirements_of(function) == Requirements(None)
    write(tmp_path / "requirements.txt", "six\n")
    change(tmp_path)
    assert requirements_of(function) == Requirements(tmp_path / "requirements.txt" if installed else None)


def test_requirements_are_beside_the_code_uri_and_not_at_the_root_of_the_package(tmp_path: Path) -> None:
    inside = write(tmp_path / "functions" / "pay" / "requirements.txt", "six\n")
    write(tmp_path / "requirements.txt", "requests\n")
    function = replace(create_function(tmp_path), code_uri=inside.parent)
    assert requirements_of(function) == Requirements(inside)


def test_layers_that_are_not_built_and_well_known_ones_have_requirements(tmp_path: Path) -> None:
    unbuilt = write(tmp_path / "layer" / "requirements.txt", "six\n")
    built = write(tmp_path / "built" / "python" / "requirements.txt", "six\n").parent
    _vendor(built)
    function = replace(
        create_function(tmp_path), layers=(unbuilt.parent, built), layer_packages=("aws-lambda-powertools[all]",)
    )
    ours, powertools = requirements_of_layers(function, tmp_path / "data")
    assert ours == Requirements(unbuilt)
    assert powertools.file is not None
    assert powertools.file.read_text() == "aws-lambda-powertools[all]\n"


def test_message_names_a_path_as_seen_from_the_current_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert path_for_people(tmp_path / "src" / "requirements.txt") == "src/requirements.txt"
    assert path_for_people(Path("/elsewhere/requirements.txt")) == "/elsewhere/requirements.txt"
