"""When a call is tried again, and after how long."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.core.errors import KnownError, PlatformFault, RateLimited, Timeout, Unreachable

from .http_failures import TruncatedAnswer

if TYPE_CHECKING:
    from .http_words import HttpPolicy, Operation


def wait_before_retry(
    operation: Operation,
    error: KnownError,
    policy: HttpPolicy,
    *,
    tries: int,
    silences: int,
    jitter: Callable[[], float],
) -> float | None:
    """Seconds until the next try, or None where there must be none."""
    if tries >= policy.retries or silences > 1 or not _is_safe_to_repeat(operation, error):
        return None
    asked_s = error.retry_after_s if isinstance(error, RateLimited) else None
    if asked_s is not None:
        return asked_s + jitter() * 0.25 if asked_s <= policy.longest_wait_s else None
    ceiling_s = min(policy.backoff_s * 2.0**tries, policy.longest_wait_s)
    return ceiling_s * (0.5 + jitter() / 2)


def _is_safe_to_repeat(operation: Operation, error: KnownError) -> bool:
    """A write whose effect is open is never repeated, unless repeating it changes nothing."""
    if isinstance(error, RateLimited):
        # Refused before it was done; without a hint a write waits for its operator.
        return operation.is_repeatable or error.retry_after_s is not None
    if isinstance(error, Unreachable | Timeout | PlatformFault):
        was_surely_not_done = isinstance(error, Unreachable | Timeout) and not error.may_have_taken_effect
        return operation.is_repeatable or (was_surely_not_done and isinstance(error, Unreachable))
    return isinstance(error, TruncatedAnswer) and operation.is_repeatable
