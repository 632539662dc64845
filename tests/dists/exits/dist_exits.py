"""Ends the program at import."""

import sys

sys.exit(3)
