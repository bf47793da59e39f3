"""One transmission, end to end, and how it is measured.

Names are loaded when they are first used: reading a result table needs neither TensorFlow nor Sionna.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
