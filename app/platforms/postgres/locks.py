"""What a statement locks and for how long, in words for whoever has to decide when to send it."""

from __future__ import annotations

from typing import Final

NEW: Final = "none: nobody else knows the table yet"


def brief(table: str) -> str:
    return f"ACCESS EXCLUSIVE on {table}, for a moment"


def rewrite(table: str) -> str:
    return f"ACCESS EXCLUSIVE on {table} while every row is written again: reads and writes wait"


def scan(table: str) -> str:
    return f"ACCESS EXCLUSIVE on {table} while its rows are read: reads and writes wait"


def concurrent(table: str) -> str:
    return f"SHARE UPDATE EXCLUSIVE on {table}: reads and writes go on"


def build(table: str) -> str:
    return f"SHARE on {table} while the index is built: reads go on, writes wait"


def both(table: str, target: str) -> str:
    return f"SHARE ROW EXCLUSIVE on {table} and {target}, for a moment: writes wait"


def proof(table: str, target: str) -> str:
    return f"SHARE UPDATE EXCLUSIVE on {table}, ROW SHARE on {target}: reads and writes go on"


def comment(table: str) -> str:
    return f"SHARE UPDATE EXCLUSIVE on {table}, for a moment: reads and writes go on"


WHOLE_FILE: Final = "the whole file: other writers wait until the push has ended"
