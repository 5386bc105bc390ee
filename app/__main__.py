"""The command line: ``tenantry`` opens the window, ``tenantry local-platform`` serves a platform, ``tenantry doctor``
looks at everything without a window."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.core.errors import KnownError


def _parser() -> argparse.ArgumentParser:
    from app import __version__

    parser = argparse.ArgumentParser(
        prog="tenantry",
        description="One window over every tenant's database.",
        epilog="A second launch on the same profile opens its targets in the window that is there. "
        "Without a window: tenantry doctor (is everything well?) and tenantry local-platform; "
        "each tells more with --help.",
    )
    parser.add_argument(
        "--profile", metavar="DIR", type=Path, help="keep everything in DIR instead of the usual folders"
    )
    parser.add_argument(
        "targets",
        metavar="TARGET",
        nargs="*",
        help="open this: tenantry://app/<app ID>, or a schema file (*.schema.ts, *.sql)",
    )
    parser.add_argument("--version", action="version", version=f"Tenantry {__version__}")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program; the answer is the exit code. Heavy imports wait until it is known what was asked."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["local-platform"]:
        from app.localplatform.command import main as serve

        return serve(arguments[1:])
    if arguments[:1] == ["doctor"]:
        from app.doctor_command import main as examine

        return examine(arguments[1:])
    if arguments[:1] == ["vault-probe"]:
        # A bundle has no interpreter to run modules with: the probe of the keyring is the program itself.
        from app.storage.vault_probe import main as probe

        return probe()
    return _open_window(_parser().parse_args(arguments))


def _open_window(options: argparse.Namespace) -> int:
    import gc

    # What is made for the start stays: looking for garbage in it takes 20 ms. ui.program.collector goes on from here.
    gc.disable()
    from app.core.errors import KnownError
    from app.storage.instance import Handover, activation_token, is_from_desktop
    from app.storage.paths import Profile

    profile = Profile.at(options.profile.expanduser().resolve()) if options.profile else Profile.default()
    try:
        # Where a click started this, nobody reads what is printed here: the window says what is wrong.
        targets = _as_given(options.targets) if is_from_desktop(os.environ) else _addresses(options.targets)
    except KnownError as error:
        return _refused(error, 2)
    from app.bootstrap import run_window

    try:
        return run_window(profile, Handover(targets, activation_token(os.environ)))
    except KnownError as error:
        return _refused(error, 1)


def _addresses(texts: Sequence[str]) -> tuple[str, ...]:
    """Each target as it is understood from any folder. Raises Invalid or NotFound for what cannot be opened."""
    if not texts:
        return ()
    from app.core.errors import Invalid, NotFound
    from app.core.targets import SchemaFileTarget, address_of, parse_target
    from app.core.text import plain
    from app.storage.instance import MOST_TARGETS

    if len(texts) > MOST_TARGETS:
        raise Invalid(f"{len(texts)} targets are too many at once.", remedy=f"Give at most {MOST_TARGETS}.")
    targets = [parse_target(text, Path.cwd()) for text in texts]
    for target in targets:
        if isinstance(target, SchemaFileTarget) and not os.path.isfile(target.path):
            raise NotFound(f"There is no file {plain(str(target.path), 300)}.", remedy="Check its name and folder.")
    return tuple(address_of(each) for each in targets)


def _as_given(texts: Sequence[str]) -> tuple[str, ...]:
    from app.core.errors import KnownError
    from app.core.targets import LONGEST, address_of, parse_target
    from app.storage.instance import MOST_TARGETS

    def as_given(text: str) -> str:
        try:
            return address_of(parse_target(text, Path.cwd()))
        except KnownError:
            return text[:LONGEST]

    return tuple(as_given(each) for each in texts[:MOST_TARGETS])


def _refused(error: KnownError, status: int) -> int:
    # A bundle without a console has nowhere to print to.
    if sys.stderr is not None:
        sys.stderr.write(f"tenantry: {error.sentence} {error.remedy}".rstrip() + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
