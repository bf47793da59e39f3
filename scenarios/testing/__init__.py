"""What every system, channel, data set and attack has to pass, shipped or one's own; for test suites elsewhere, too."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
