"""Training of networks: sessions, checkpoints, recipes, and the record of what was done.

Names are loaded when they are first used: a scenario can be checked without TensorFlow.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
