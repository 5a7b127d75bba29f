"""What a check says of a plan beside an earlier one of the same commit."""

from handlers.markdown import code
from policy.receipt import Comparison


def section(compared: Comparison) -> str:
    """Whether the plan changed, and what became of the approvals of the earlier one."""
    if compared.same:
        return "It was planned again; **your plan did not change**."
    if not compared.approvers:
        return f"### Your plan changed\n\n{compared.difference}"
    people = ", ".join(map(code, compared.approvers))
    return (
        f"### Changed since {people} approved\n\n{compared.difference}\n\n"
        "That approval was of another plan and does not count for this one."
    )
