"""A small Label Studio for fault injection: the calls that Cueloop makes, answered as 1.23.2 answers them.

It listens on a real port and keeps everything in memory. The contract suite in
tests/cueloop/test_label_studio_contract.py runs on it and on the real one, so that it cannot drift.
"""

from cueloop.fake.faults import Faults
from cueloop.fake.server import FakeLabelStudio

__all__ = ["FakeLabelStudio", "Faults"]
