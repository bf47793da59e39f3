"""What a channel does: symbols, noise, fading, pilots, equalisers, as Keras layers around Sionna.

A module is loaded when a name of it is first used, and TensorFlow with it. Keras can read a stored model once the
modules of its classes are loaded.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
