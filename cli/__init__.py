"""The command line. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import sys

from physmodel.cli.root import root


def main() -> None:
    """Entry point of the ``physmodel`` command."""
    sys.exit(root.main(standalone_mode=True))
