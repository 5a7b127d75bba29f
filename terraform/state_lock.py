"""Terraform's own lock on a state: who holds it, as far as its owner's name tells."""

import re

from terraform.errors import LockInfo

MACHINE = "lockgate"
OURS = re.compile(rf"@{MACHINE}-(?P<run>[0-9a-f]{{32}})$")


def machine_of(run: str) -> str:
    """The name of the machine that a run's Terraform sees, which its lock on the state shows."""
    return f"{MACHINE}-{run}" if run else MACHINE


def run_of(lock: LockInfo) -> str:
    """The id of the run of ours that took this lock; empty where another program did."""
    found = OURS.search(lock.who)
    return found["run"] if found else ""
