"""How the C library keeps what the program has given back to it."""

from __future__ import annotations

import sys
from typing import Any

# Of <malloc.h> of glibc.
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
_BIG = 128 * 1024
_ARENAS = 2  # the window's and one for all other threads


def settle() -> bool:
    """Let big pieces go back to the system as soon as they are free; False where the C library has no such settings.

    By itself glibc learns, from each big piece that is freed, to put the next ones between small ones that stay, and
    gives most threads a heap of their own: after some thousand actions at the window a tenth of the memory was held
    for nothing.
    """
    library = _library()
    if library is None:
        return False
    values = {_M_MMAP_THRESHOLD: _BIG, _M_TRIM_THRESHOLD: _BIG, _M_ARENA_MAX: _ARENAS}
    # The answer is 1 for what was taken.
    taken = [library.mallopt(name, value) == 1 for name, value in values.items()]
    return all(taken)


def give_back() -> bool:
    """Give the system what is free anywhere; False where the C library cannot. Takes some milliseconds."""
    library = _library()
    if library is None:
        return False
    library.malloc_trim(0)
    return True


def _library() -> Any:
    if not sys.platform.startswith("linux"):
        return None
    import ctypes

    library = ctypes.CDLL(None)
    # Other C libraries of Linux (musl) have neither.
    return library if hasattr(library, "mallopt") and hasattr(library, "malloc_trim") else None
