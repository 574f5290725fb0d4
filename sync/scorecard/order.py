"""Sorting values within groups, faster than a lexical sort: a sort of the values, then of 16 bits of the group each."""

from __future__ import annotations

import numpy as np

from sync.arrays import FloatArray, IntArray


def grouped(group: IntArray, value: FloatArray) -> IntArray:
    """The order by `group` (indices from 0), then by `value`, NaN last, then as given. (n,)"""
    order = np.argsort(value, kind="stable")
    rest = np.asarray(group)
    for shift in range(0, int(rest.max(initial=0)).bit_length(), 16):
        part = ((rest >> shift) & 0xFFFF).astype(np.uint16)   # a stable sort of 16 bits is a radix sort
        order = order[np.argsort(part[order], kind="stable")]
    return order
