"""The development container: its image has the functions' Python, and its commands and ports exist."""

import json
import re

from samrun import PORTS
from tests.project import ROOT

CONTAINER = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
# Of the properties at https://containers.dev/implementors/json_reference/.
KNOWN = {"name", "image", "postCreateCommand", "forwardPorts", "portsAttributes", "customizations"}


def test_container_has_only_properties_that_the_specification_knows() -> None:
    assert set(CONTAINER) <= KNOWN


def test_container_has_the_python_of_the_functions() -> None:
    parameters = (ROOT / "parameters" / "this-machine.yaml").read_text()
    version = re.search(r"PythonRuntime: python(3\.\d+)", parameters)
    assert version
    assert re.fullmatch(rf".+/python:{re.escape(version[1])}-\w+", CONTAINER["image"])


def test_container_is_set_up_by_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text()
    command, *targets = CONTAINER["postCreateCommand"].split()
    assert (command, len(targets)) == ("make", 2)
    assert [target for target in targets if not re.search(rf"^{re.escape(target)}:", makefile, re.MULTILINE)] == []


def test_container_forwards_the_api_and_the_inbox() -> None:
    assert CONTAINER["forwardPorts"] == [PORTS["api"], PORTS["console"]]
    assert [int(port) for port in CONTAINER["portsAttributes"]] == CONTAINER["forwardPorts"]
