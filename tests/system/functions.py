"""Order and relay outside the local stack, with a DynamoDB and a broker of the test's, killed where it says."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from local import settings, template
from local.endpoints import Endpoints
from local.lambdas.environment import LOCAL_SETTINGS
from local.model import Application
from local.process import end_with_parent
from local.services import CREDENTIALS
from tests.system.running import PATIENCE, ROOT
