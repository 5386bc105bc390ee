"""How far the dialog that moves a workspace is."""

from __future__ import annotations

from enum import StrEnum


class Stage(StrEnum):
    """What the main button does next."""

    TARGET = "target"  # plans
    PLAN = "plan"  # moves
    OPEN = "open"  # goes on with a move that was interrupted
    SWITCHED = "switched"  # plans the removal of the old rows
    REMOVAL = "removal"  # removes them
    OVER = "over"

    @property
    def action(self) -> str:
        return _ACTIONS[self]

    @property
    def way_out(self) -> str:
        """What the button beside it says: from here on, leaving takes nothing back."""
        return "Close" if self in (Stage.SWITCHED, Stage.REMOVAL) else "Cancel"

    @property
    def can_be_given_up(self) -> bool:
        return self in (Stage.OPEN, Stage.SWITCHED)


_ACTIONS = {
    Stage.TARGET: "P&lan the move",
    Stage.PLAN: "&Move",
    Stage.OPEN: "&Go on",
    Stage.SWITCHED: "&Remove the old rows…",
    Stage.REMOVAL: "&Remove the old rows",
    Stage.OVER: "Close",
}
