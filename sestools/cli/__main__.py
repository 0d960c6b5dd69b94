"""Run the command line with `python -m sestools.cli`."""

import sys

from sestools.cli.main import main

sys.exit(main())
