"""Every error that a person may be shown.

::

    TenantryError
    ├── KnownError            expected; has a sentence and a remedy for the operator
    │   ├── Unauthorised      the platform does not accept the token
    │   ├── Forbidden         the token is accepted, but may not do this
    │   ├── NotFound          the app, entity, file… is not there (any more)
    │   ├── Conflict          it exists already, or two changes contradict each other
    │   │   └── StalePlan     the live schema changed since the plan was made
    │   ├── RateLimited       too many requests; ``retry_after_s`` where the platform said it
    │   ├── Unreachable       no connection could be made, or it broke
    │   ├── Timeout           no answer in time; ``may_have_taken_effect``
    │   ├── PlatformFault     the platform failed on its own account (5xx)
    │   ├── BadAnswer         an answer that this platform never gives (HTML, truncated, too large…)
    │   ├── ReadOnly          the connection, the app or the platform takes no writes
    │   │   └── Locked        the connection takes writes only while it is unlocked
    │   ├── Invalid           what was entered or sent is not acceptable; ``fields`` says where
    │   ├── VaultLocked       the keyring is locked
    │   ├── VaultUnavailable  there is no usable keyring
    │   └── Unsupported       this platform cannot do that
    └── Bug                   a broken promise inside Tenantry itself
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


class TenantryError(Exception):
    """Root of all errors that Tenantry raises on purpose."""


class Bug(TenantryError):
    """A promise of our own code was broken; shown with details to copy, and logged."""


class KnownError(TenantryError):
    """An expected failure.

    ``sentence`` says what happened and to what; ``remedy`` what to do now (may be empty);
    ``details`` is technical text that can be copied. None of them may hold a secret: the raiser redacts.
    """

    default_remedy: ClassVar[str] = ""

    def __init__(self, sentence: str, *, remedy: str | None = None, details: str = "") -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.remedy = self.default_remedy if remedy is None else remedy
        self.details = details


class Unauthorised(KnownError):
    default_remedy = "Open the connection and enter a valid token."


class Forbidden(KnownError):
    default_remedy = "Use a token with the needed role."


class NotFound(KnownError):
    default_remedy = "Refresh the list: it may have been deleted."


class Conflict(KnownError):
    default_remedy = "Refresh, then try again."


class StalePlan(Conflict):
    default_remedy = "Review the difference and plan again."


class RateLimited(KnownError):
    """``retry_after_s`` is None where the platform did not say."""

    default_remedy = "Wait a moment, then try again."

    def __init__(
        self,
        sentence: str,
        *,
        retry_after_s: float | None = None,
        remedy: str | None = None,
        details: str = "",
    ) -> None:
        super().__init__(sentence, remedy=remedy, details=details)
        self.retry_after_s = retry_after_s


class Unreachable(KnownError):
    """``may_have_taken_effect`` is True for a write that was sent before the connection broke."""

    default_remedy = "Check the address and the network, then try again."

    def __init__(
        self,
        sentence: str,
        *,
        may_have_taken_effect: bool = False,
        remedy: str | None = None,
        details: str = "",
    ) -> None:
        super().__init__(sentence, remedy=remedy, details=details)
        self.may_have_taken_effect = may_have_taken_effect


class Timeout(KnownError):
    """``may_have_taken_effect`` is True for a write whose answer never came: read before repeating it."""

    default_remedy = "Check that the platform is responding, then try again."

    def __init__(
        self,
        sentence: str,
        *,
        may_have_taken_effect: bool = False,
        remedy: str | None = None,
        details: str = "",
    ) -> None:
        super().__init__(sentence, remedy=remedy, details=details)
        self.may_have_taken_effect = may_have_taken_effect


class PlatformFault(KnownError):
    """The platform answered 5xx; ``may_have_taken_effect`` as in :class:`Timeout`."""

    default_remedy = "Try again later; if it stays, ask whoever runs the platform."

    def __init__(
        self,
        sentence: str,
        *,
        may_have_taken_effect: bool = False,
        remedy: str | None = None,
        details: str = "",
    ) -> None:
        super().__init__(sentence, remedy=remedy, details=details)
        self.may_have_taken_effect = may_have_taken_effect


class BadAnswer(KnownError):
    default_remedy = "Check that the address is that of the platform's API, not of a web page or proxy."


class ReadOnly(KnownError):
    default_remedy = "Writes are off here."


class Locked(ReadOnly):
    """``connection_id`` is what has to be unlocked first."""

    default_remedy = "Unlock it for a while (menu Connection, Unlock), then do it again."

    def __init__(self, sentence: str, connection_id: str = "", *, remedy: str | None = None, details: str = "") -> None:
        super().__init__(sentence, remedy=remedy, details=details)
        self.connection_id = connection_id


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong field: ``field`` is its name (``title``, ``base_url``…), ``message`` a sentence."""

    field: str
    message: str


class Invalid(KnownError):
    """``fields`` is empty where no single field is to blame."""

    default_remedy = "Correct what is marked, then try again."

    def __init__(
        self,
        sentence: str,
        *,
        fields: tuple[FieldError, ...] = (),
        remedy: str | None = None,
        details: str = "",
    ) -> None:
        super().__init__(sentence, remedy=remedy, details=details)
        self.fields = fields


class VaultLocked(KnownError):
    default_remedy = "Unlock the keyring, then try again."


class VaultUnavailable(KnownError):
    default_remedy = "The token is kept for this session only."


class Unsupported(KnownError):
    default_remedy = ""
