"""Label Studio's own time limits, which are part of the contract."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """What happens inside is over before Label Studio would have given up."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began <= seconds
