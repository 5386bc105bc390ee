"""A token or password that does not leak by accident."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any, NoReturn

_MASK = "••••••"


class Secret:
    """Wraps a secret text; ``reveal()`` is the only way to read it.

    ``repr`` and ``str`` are masked; formatting with a spec, pickling and copying into containers that
    serialise are refused. Compares in constant time.
    """

    __slots__ = ("__value",)

    def __init__(self, value: str) -> None:
        self.__value = value

    def reveal(self) -> str:
        """The text itself; call it where it is sent, and nowhere else."""
        return self.__value

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self.__value.encode(), other.__value.encode())

    def __hash__(self) -> int:
        return hash(hashlib.sha256(self.__value.encode()).digest())

    def __repr__(self) -> str:
        return f"Secret({_MASK})"

    def __str__(self) -> str:
        return _MASK

    def __format__(self, spec: str) -> NoReturn:
        raise TypeError("A Secret cannot be formatted; call reveal() where it is sent.")

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("A Secret cannot be pickled or copied.")
