"""Defences of other papers, one file a paper or a family; what is taken from it, and what was chosen, stands there."""

import sys

from diffsem.scenarios.parts.finding import shipped_parts

SYSTEMS = tuple(shipped_parts(sys.modules[__name__], "SYSTEMS"))
