"""`python -m nbviz.cli`, where the script `nbviz` is not on the path."""

from __future__ import annotations

import sys

from . import main

sys.exit(main())
