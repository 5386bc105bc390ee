"""The ``.deb``: the bundle under /usr/lib, with desktop entry, icons, AppStream metainfo, MIME type and man page.

It needs no scripts of its own: the packages that keep the indexes of menus, icons and MIME types watch their folders.
"""

from __future__ import annotations

import datetime
import gzip
import importlib.metadata
import os
import platform
import shutil
import subprocess
import sys
import tempfile
from importlib.metadata import PackageMetadata
from pathlib import Path

from common import DIST, ROOT, say, version

LINUX = ROOT / "packaging" / "linux"
SIZES = (16, 22, 24, 32, 48, 64, 96, 128, 256, 512)
# Found in a bare system, with what PyInstaller leaves to it: the C library, OpenGL, D-Bus, fonts and keyboards.
_DEPENDS = (
    "libgl1",
    "libegl1",
    "libxkbcommon0",
    "libdbus-1-3",
    "libfontconfig1",
    "fonts-dejavu-core | fonts-noto-core | fonts-liberation",
)
_DESCRIPTION = """one window over every tenant's database
 The operator's desktop for multi-tenant databases: the health, app IDs and
 structure of every tenant's database, editors for their schemas with a plan
 before every push, and tokens in the system's keyring."""


def build_deb(bundle: Path, *, is_release: bool) -> Path:
    """``dist/tenantry_<version>_<architecture>.deb``."""
    architecture = subprocess.run(
        ["dpkg", "--print-architecture"], check=True, capture_output=True, text=True
    ).stdout.strip()
    package = DIST / f"tenantry_{version()}_{architecture}.deb"
    say(f"Building {package.name}")
    with tempfile.TemporaryDirectory() as folder:
        stage = Path(folder) / "stage"
        _fill(stage, bundle)
        _control(stage, architecture)
        # xz takes a minute and saves a quarter: for what is handed out, not for what is tried.
        how = "-Zxz" if is_release else "-Zzstd"
        subprocess.run(
            ["dpkg-deb", "--root-owner-group", how, "--build", str(stage), str(package)],
            check=True,
            stdout=sys.stderr,
        )
    return package


def check_deb(package: Path) -> None:
    """Desktop entry, metainfo and MIME type are read by the tools that judge them."""
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["dpkg-deb", "-x", str(package), folder], check=True)
        share = Path(folder) / "usr" / "share"
        for command in (
            ["desktop-file-validate", share / "applications" / "tenantry.desktop"],
            ["appstreamcli", "validate", "--no-net", share / "metainfo" / "app.tenantry.Tenantry.metainfo.xml"],
            ["man", "--warnings=w", "-l", "-Tutf8", share / "man" / "man1" / "tenantry.1.gz"],
        ):
            _judged([str(each) for each in command])


def _judged(command: list[str]) -> None:
    if shutil.which(command[0]) is None:
        sys.exit(f"{command[0]} is missing: install the packages of packaging/debian-package.txt.")
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
    if done.returncode or done.stderr.strip():
        sys.exit(f"{' '.join(command)}\n{done.stdout if done.returncode else ''}{done.stderr}")


def _fill(stage: Path, bundle: Path) -> None:
    shutil.copytree(bundle, stage / "usr/lib/tenantry", symlinks=True)
    _link(stage / "usr/bin/tenantry", "../lib/tenantry/tenantry")
    share = stage / "usr/share"
    _put(LINUX / "tenantry.desktop", share / "applications/tenantry.desktop")
    _put(LINUX / "tenantry.xml", share / "mime/packages/tenantry.xml")
    metainfo = share / "metainfo/app.tenantry.Tenantry.metainfo.xml"
    metainfo.parent.mkdir(parents=True)
    metainfo.write_text(_filled("metainfo.xml.in"))
    _zipped(_filled("tenantry.1.in"), share / "man/man1/tenantry.1.gz")
    _documents(share / "doc/tenantry")
    scalable = share / "icons/hicolor/scalable/apps/tenantry.svg"
    _put(ROOT / "resources/icons/tenantry.svg", scalable)
    draw_icons(scalable, share / "icons/hicolor")
    for each in (stage, *stage.rglob("*")):
        if not each.is_symlink():
            each.chmod(0o755 if each.is_dir() or _is_program(each) else 0o644)


def _is_program(path: Path) -> bool:
    return path.name == "tenantry" and path.parent.name == "tenantry" and "doc" not in path.parts


def _documents(folder: Path) -> None:
    folder.mkdir(parents=True)
    licence = (ROOT / "LICENSE").read_text()
    (folder / "copyright").write_text(f"Tenantry\n\n{licence}\n\n{third_parties()}")
    _zipped((ROOT / "CHANGELOG.md").read_text(), folder / "changelog.gz")


def third_parties() -> str:
    """What else is in the bundle, and under which licence, as the packages themselves say it."""
    lines = ["This package contains Python, Qt and these Python packages, under their own licences:", ""]
    for name in sorted(_locked()):
        try:
            found = importlib.metadata.metadata(name)
        except importlib.metadata.PackageNotFoundError:
            continue  # for another system
        lines.append(f"  {name} {found['Version']}: {_licence(found) or 'see its own files'}")
    return "\n".join(lines) + "\n"


def _licence(found: PackageMetadata) -> str:
    classifiers = [each.rsplit(" :: ", 1)[1] for each in found.get_all("Classifier", []) if "License ::" in each]
    return found.get("License-Expression") or "; ".join(classifiers) or (found.get("License") or "").split("\n")[0]


def _locked() -> list[str]:
    lines = (ROOT / "packaging/requirements.txt").read_text().splitlines()
    return [line.split("==")[0].strip() for line in lines if "==" in line and not line.startswith((" ", "#"))]


def draw_icons(source: Path, theme: Path) -> None:
    """PNGs in all sizes below an icon theme's folder."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from PySide6.QtCore import QRectF, Qt
    from PySide6.QtGui import QGuiApplication, QImage, QPainter
    from PySide6.QtSvg import QSvgRenderer

    application = QGuiApplication.instance() or QGuiApplication([])
    drawing = QSvgRenderer(str(source))
    for size in SIZES:
        image = QImage(size, size, QImage.Format.Format_ARGB32_Premultiplied)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        drawing.render(painter, QRectF(0, 0, size, size))
        painter.end()
        path = theme / f"{size}x{size}" / "apps" / "tenantry.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if not image.save(str(path)):
            sys.exit(f"{path} could not be written.")
    del application


def _control(stage: Path, architecture: str) -> None:
    kilobytes = sum(each.lstat().st_size for each in stage.rglob("*") if each.is_file()) // 1024
    glibc = platform.libc_ver()[1] or "2.34"
    control = stage / "DEBIAN/control"
    control.parent.mkdir()
    control.write_text(
        f"Package: tenantry\nVersion: {version()}\nArchitecture: {architecture}\n"
        "Maintainer: The Tenantry authors <maintainers@tenantry.app>\n"
        f"Installed-Size: {kilobytes}\nSection: database\nPriority: optional\n"
        f"Depends: libc6 (>= {glibc}), {', '.join(_DEPENDS)}\n"
        "Recommends: gnome-keyring | kwalletmanager | keepassxc, xdg-utils\n"
        f"Description: {_DESCRIPTION}\n"
    )


def _filled(name: str) -> str:
    return (LINUX / name).read_text().replace("@VERSION@", version()).replace("@DATE@", _date())


def _date() -> str:
    """Of the last commit, so that the same source makes the same package."""
    said = subprocess.run(["git", "log", "-1", "--format=%cs"], cwd=ROOT, capture_output=True, text=True)
    return said.stdout.strip() or datetime.date.today().isoformat()


def _put(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def _zipped(text: str, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with open(target, "wb") as file, gzip.GzipFile(fileobj=file, mode="wb", mtime=0) as packed:
        packed.write(text.encode())


def _link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(target)
