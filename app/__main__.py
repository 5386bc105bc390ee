"""The command line: ``tenantry`` opens the window, ``tenantry local-platform`` serves a platform, ``tenantry doctor``
looks at everything without a window."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path


def _parser() -> argparse.ArgumentParser:
    from app import __version__

    parser = argparse.ArgumentParser(
        prog="tenantry",
        description="One window over every tenant's database.",
        epilog="Without a window: tenantry doctor (is everything well?) and tenantry local-platform; "
        "each tells more with --help.",
    )
    parser.add_argument(
        "--profile", metavar="DIR", type=Path, help="keep everything in DIR instead of the usual folders"
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
    options = _parser().parse_args(arguments)

    from app.bootstrap import run_window
    from app.storage.paths import Profile

    profile = Profile.at(options.profile.expanduser().resolve()) if options.profile else Profile.default()
    return run_window(profile)


if __name__ == "__main__":
    sys.exit(main())
