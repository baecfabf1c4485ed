"""`python -m samrun` is `samrun`."""

import sys

from samrun.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
