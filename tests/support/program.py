"""The real program in a real window, driven from outside as a person would: keys, mouse, clipboard, window manager."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tests.support.display import virtual_display

T = TypeVar("T")
WINDOW_TITLE = "Tenantry"


_LOOKS_AT_REST = 5


def eventually(look: Callable[[], T], what: str, limit_s: float = 30.0) -> T:
    """Ask again until the answer is true; the pause is for the machine's sake, not for the outcome's."""
    deadline = time.monotonic() + limit_s
    while True:
        answer = look()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {limit_s:g} s in vain: {what}")
        time.sleep(0.05)


class Desktop:
    """An X display with a window manager, and the hands to use it."""

    def __init__(self, display: str) -> None:
        self.env = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}

    def run(self, *command: str, check: bool = True, text: str | None = None) -> str:
        done = subprocess.run(
            command, env=self.env, capture_output=True, text=True, input=text, check=False, timeout=30
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)}: {done.stderr}")
        return done.stdout.strip()

    def windows(self, title: str) -> list[str]:
        found = self.run("xdotool", "search", "--onlyvisible", "--name", title, check=False)
        return found.split()

    def wait_for_window(self, title: str, limit_s: float = 60.0) -> str:
        return eventually(lambda: self.windows(title), f"a window named {title}", limit_s)[-1]

    def geometry(self, window: str) -> tuple[int, int, int, int]:
        """Left, top, width, height on the screen, without the frame."""
        lines = self.run("xdotool", "getwindowgeometry", "--shell", window).splitlines()
        values = dict(line.split("=", 1) for line in lines)
        return int(values["X"]), int(values["Y"]), int(values["WIDTH"]), int(values["HEIGHT"])

    def focus(self, window: str) -> None:
        self.run("xdotool", "windowactivate", "--sync", window)

    def keys(self, *names: str) -> None:
        for name in names:
            self.run("xdotool", "key", "--clearmodifiers", name)

    def type(self, text: str) -> None:
        self.run("xdotool", "type", "--clearmodifiers", "--delay", "5", text)

    def click(self, x: int, y: int, *, button: int = 1, times: int = 1) -> None:
        """``x`` and ``y`` are pixels on the screen."""
        self.run("xdotool", "mousemove", "--sync", str(x), str(y))
        self.run("xdotool", "click", "--repeat", str(times), "--delay", "120", str(button))

    def press_in(self, title: str, *keys: str) -> None:
        """Press the keys in the window of this title, if it is there."""
        if found := self.windows(title):
            # It may go in the very moment in which it is asked for.
            self.run("xdotool", "windowactivate", "--sync", found[-1], check=False)
            self.keys(*keys)

    def open_by(self, keys: Callable[[], None], title: str, limit_s: float = 60.0) -> str:
        """Press the keys until there is a window of this title; they do nothing while what they act on is not there."""

        def look() -> str:
            keys()
            try:
                return eventually(lambda: self.windows(title), title, 3)[-1]
            except AssertionError:
                return ""

        return eventually(look, f"a window named {title}", limit_s)

    def act_until(self, title: str, keys: tuple[str, ...], then: str, limit_s: float = 60.0) -> None:
        """Press the keys in the dialog until another is there, or none: it takes them once it has what it asked for."""

        def look() -> bool:
            if self.windows(then) if then else not self.windows(title):
                return True
            self.press_in(title, *keys)
            return False

        eventually(look, f"{then or 'no dialog'} after {title}", limit_s)

    def clipboard(self) -> str:
        return self.run("xclip", "-selection", "clipboard", "-o", check=False)

    def clear_clipboard(self) -> None:
        # The one who owns the selection must stay alive and must not hold our pipes.
        subprocess.run(
            ["xclip", "-selection", "clipboard"],
            env=self.env,
            input=b"",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
            timeout=10,
        )

    def ask_to_close(self, window: str) -> None:
        """As the window manager's own shortcut does it: asked, not killed."""
        self.focus(window)
        self.keys("alt+F4")

    def close_window(self, window: str) -> None:
        """Ask until it is gone: a key that comes in the moment of a change of focus may get lost."""

        def look() -> bool:
            if window not in self.windows("."):
                return True
            self.ask_to_close(window)
            try:
                return eventually(lambda: window not in self.windows("."), "it to close", 5)
            except AssertionError:
                return False

        eventually(look, f"window {window} to close", 20)


@contextmanager
def desktop(size: str = "1440x900x24") -> Iterator[Desktop]:
    with virtual_display(size) as display:
        place = Desktop(display)
        manager = subprocess.Popen(["openbox"], env=place.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            eventually(
                lambda: place.run("xprop", "-root", "_NET_SUPPORTED", check=False).startswith("_NET_SUPPORTED(ATOM)"),
                "openbox",
                10,
            )
            # With the first key on a display the window manager takes hold of its own keys anew, and may miss one.
            place.keys("shift")
            yield place
        finally:
            manager.terminate()
            manager.wait(10)


class Program:
    """One run of the program with a profile of its own; ``output`` is all that it printed, once it ended."""

    def __init__(
        self, place: Desktop, profile: Path, env: dict[str, str] | None = None, targets: tuple[str, ...] = ()
    ) -> None:
        self.profile = profile
        self.log = profile.parent / f"{profile.name}.output"
        with open(self.log, "ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "error", "-m", "app", "--profile", str(profile), *targets],
                env={**place.env, **(env or {})},
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait(self, limit_s: float = 20.0) -> int:
        return self.process.wait(limit_s)

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait(10)


StartOn = Callable[..., Program]


def wait_for_samples(profile: Path) -> None:
    marker = profile / "data" / "local-platform" / "sample-data.json"
    eventually(marker.exists, "the sample data", 60)


def wait_for_rest(program: Program) -> None:
    """Until it has used no processor time for a while: what it does at its start is over."""
    seen: list[str] = []

    def is_at_rest() -> bool:
        # (user and system time, in clock ticks): the 14th and 15th field, counted behind the name in brackets.
        times = Path(f"/proc/{program.process.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        seen.append(" ".join(times))
        return len(seen) > _LOOKS_AT_REST and len(set(seen[-_LOOKS_AT_REST:])) == 1

    eventually(is_at_rest, "the program at rest", 60)


def close(place: Desktop, program: Program, window: str) -> None:
    """As a person does it: it ends well, and has printed nothing."""
    place.close_window(window)
    assert program.wait() == 0
    assert program.output == ""
