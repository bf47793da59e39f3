"""diffsem: a link-level simulator of private semantic communication.

The names that a notebook starts from. They are loaded when they are first used: `import diffsem` takes milliseconds.
"""

import lazy_loader

from diffsem.quiet_tensorflow import keep_quiet

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

keep_quiet()
