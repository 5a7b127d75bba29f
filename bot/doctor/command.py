"""The command: examine, hide what is secret, show, and say by the exit code how it went."""

import os
import sys

from rich.console import Console

from bot.doctor.checks import checks
from bot.doctor.examining import examine
from bot.doctor.report import as_json, ready, show
from bot.doctor.secrets import hidden, secret_values


def doctor(*, for_programs: bool) -> int:
    """Print the report; 0 where Lockgate can start, else 1."""
    # In a terminal only, and apart from the report: Checkov alone takes seconds to start.
    with Console(stderr=True).status("Looking at everything at once; this takes seconds ..."):
        results = hidden(examine(checks(os.environ)), secret_values(os.environ))
    if for_programs:
        sys.stdout.write(as_json(results) + "\n")
    else:
        show(results, Console(highlight=False))
    return 0 if ready(results) else 1
