"""A client per platform behind one contract."""

import sys

# httpx brings its own command line along where click, rich and pygments happen to be installed: 20 ms and some
# megabytes at every start for nothing. None makes that import fail, which httpx expects.
sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
