"""Tries the ``.deb`` as a person would: install it, double-click its entry in a file manager, copy an app ID, close,
remove it, and look for what it left behind."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common import ROOT, say

sys.path.insert(0, str(ROOT))
from tests.support.program import Desktop, desktop, eventually

_ENTRY = Path("/usr/share/applications/tenantry.desktop")
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# The blue of the icon's ground, to find it on the screen.
_GROUND = (0x24, 0x47, 0x9F)


def try_deb(package: Path) -> None:
    """Raises SystemExit with what went wrong. Without the right to install packages it says so and fails."""
    as_root = _as_root()
    if shutil.which("tenantry") and _ENTRY.exists():
        sys.exit("tenantry is installed on this system already: remove it before its package is tried.")
    before = _files_of_its_name()
    try:
        _run(*as_root, "apt-get", "install", "-y", "--no-install-recommends", str(package))
        _run("tenantry", "--version")
        with tempfile.TemporaryDirectory(prefix="tenantry-home-") as home:
            _start_by_double_click(Path(home))
    finally:
        _run(*as_root, "dpkg", "--purge", "tenantry")
    left = _files_of_its_name() - before
    if left:
        sys.exit("The removed package left behind:\n" + "\n".join(sorted(left)))
    say("The .deb installs, starts by a double click, copies an app ID, closes, and leaves nothing behind.")


def _as_root() -> tuple[str, ...]:
    if os.geteuid() == 0:
        return ()
    if shutil.which("sudo"):
        return ("sudo",)
    sys.exit("The .deb was built and not tried: installing it needs root or sudo.")


def _run(*command: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")


def _files_of_its_name() -> set[str]:
    """All over the system; not in the source, and not in temporary folders, where its users' files are."""
    aside = " -o ".join(f"-path {each}" for each in (ROOT, "/proc", tempfile.gettempdir()))
    command = ["find", "/", "-xdev", "(", *aside.split(), ")", "-prune", "-o", "-iname", "*tenantry*", "-print"]
    return set(subprocess.run(command, capture_output=True, text=True).stdout.split("\n")) - {""}


def _start_by_double_click(home: Path) -> None:
    folder = _furnished(home)
    with desktop() as place, _session_bus(home) as bus:
        # As a login gives it: none of the settings of this process, and no Python to be found.
        kept = {name: place.env[name] for name in ("DISPLAY", "LANG", "LC_ALL") if name in place.env}
        environment = {**kept, "HOME": str(home), "PATH": "/usr/local/bin:/usr/bin:/bin", **bus}
        manager = subprocess.Popen(
            ["pcmanfm", str(folder)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            window = place.wait_for_window("^Programs$")
            place.focus(window)
            x, y = eventually(lambda: _found_icon(place), "the icon in the file manager", 30)
            place.click(x, y, times=2)
            _use(place)
            eventually(lambda: not _is_running(), "the program to end", 30)
        finally:
            manager.terminate()
            manager.wait(10)


def _furnished(home: Path) -> Path:
    """A home with one program on show; the answer is its folder."""
    folder = home / "Programs"
    folder.mkdir()
    shutil.copy(_ENTRY, folder)
    (folder / _ENTRY.name).chmod(0o755)
    settings = home / ".config/libfm/libfm.conf"
    settings.parent.mkdir(parents=True)
    # Without it the file manager asks what to do with a program.
    settings.write_text("[config]\nquick_exec=1\nsingle_click=0\n")
    return folder


@contextmanager
def _session_bus(home: Path) -> Iterator[dict[str, str]]:
    run = home / "run"
    run.mkdir(mode=0o700)
    started = subprocess.Popen(
        ["dbus-daemon", "--session", "--nofork", "--print-address=1", f"--address=unix:path={run}/bus"],
        stdout=subprocess.PIPE,
        text=True,
        env={"HOME": str(home), "XDG_RUNTIME_DIR": str(run), "PATH": os.environ["PATH"]},
    )
    assert started.stdout is not None
    address = started.stdout.readline().strip()
    try:
        yield {"DBUS_SESSION_BUS_ADDRESS": address, "XDG_RUNTIME_DIR": str(run)}
    finally:
        started.terminate()
        started.wait(10)


def _found_icon(place: Desktop) -> tuple[int, int] | None:
    """The middle of what has the icon's colour on the screen."""
    script = (
        "import sys\n"
        "from PySide6.QtGui import QGuiApplication\n"
        "application = QGuiApplication([])\n"
        "image = application.primaryScreen().grabWindow(0).toImage()\n"
        f"r, g, b = {_GROUND}\n"
        "near = lambda c: abs(c.red() - r) + abs(c.green() - g) + abs(c.blue() - b) < 24\n"
        "found = [(x, y) for y in range(0, image.height(), 3) for x in range(0, image.width(), 3)"
        " if near(image.pixelColor(x, y))]\n"
        "if len(found) > 8:\n"
        "    xs, ys = sorted(x for x, _ in found), sorted(y for _, y in found)\n"
        "    print(xs[len(xs) // 2], ys[len(ys) // 2])\n"
    )
    said = place.run(sys.executable, "-c", script).split()
    return (int(said[0]), int(said[1])) if len(said) == 2 else None


def _use(place: Desktop) -> None:
    window = place.wait_for_window("^Tenantry$")
    place.focus(window)
    copied = eventually(lambda: _copied(place), "an app ID on the clipboard", 90)
    say(f"Copied {copied}")
    place.close_window(window)


def _copied(place: Desktop) -> str:
    place.clear_clipboard()
    place.keys("ctrl+f", "ctrl+a")
    place.type("ada@example")
    place.keys("Down", "ctrl+c")
    text = place.clipboard()
    return text if _UUID.fullmatch(text) else ""


def _is_running() -> bool:
    return subprocess.run(["pgrep", "-f", "^/usr/lib/tenantry/|^tenantry"], capture_output=True).returncode == 0
