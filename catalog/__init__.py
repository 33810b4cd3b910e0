"""Key/value databases that stay in step with S3, and groups of connections to them."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
