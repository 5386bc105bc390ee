"""Build what can be built on this system, and try each part: wheel, bundle, and on Debian and its kin the ``.deb``.

``build.py`` builds everything; ``build.py wheel``, ``bundle`` or ``deb`` only that.
Paths of what was built are on stdout.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from pathlib import Path

from bundle import PROGRAM, build_bundle, size_mb, try_bundle
from common import DIST, say
from wheel import build_wheel, check_contents, try_wheel

PARTS = ("wheel", "bundle", "deb")


def main() -> None:
    parser = argparse.ArgumentParser(description="Build the packages and try them.")
    parser.add_argument("parts", nargs="*", choices=(*PARTS, []), help="what to build (all)")
    parser.add_argument("--release", action="store_true", help="compress the .deb as small as can be (a minute more)")
    options = parser.parse_args()
    wanted = options.parts or [each for each in PARTS if each != "deb" or _has_dpkg()]
    DIST.mkdir(exist_ok=True)
    if "wheel" in wanted:
        _wheel()
    if "bundle" in wanted or "deb" in wanted:
        _bundle()
    if "deb" in wanted:
        _deb(options.release)
    if sys.platform == "linux" and not _has_dpkg():
        say("No .deb was built: dpkg-deb is missing on this system.")
    say("Not built here: the installers for Windows and macOS; packaging/windows and packaging/macos say how.")


def _has_dpkg() -> bool:
    return shutil.which("dpkg-deb") is not None


def _wheel() -> None:
    wheel = build_wheel()
    check_contents(wheel)
    say("Trying the wheel in an empty environment")
    try_wheel(wheel)
    print(wheel)


def _bundle() -> Path:
    bundle = build_bundle()
    say(f"Trying the bundle, {size_mb(bundle):.0f} MB")
    try_bundle(bundle / PROGRAM)
    print(bundle)
    return bundle


def _deb(is_release: bool) -> None:
    from deb import build_deb, check_deb
    from double_click import try_deb

    package = build_deb(DIST / "tenantry", is_release=is_release)
    check_deb(package)
    say("Installing the .deb, starting it by a double click, and removing it again")
    try_deb(package)
    print(package)


if __name__ == "__main__":
    main()
