"""What an apply that did not end well has done, resource by resource."""

from collections.abc import Sequence

from handlers import state_lock_text
from handlers.markdown import code, plain, table
from terraform.plan import Counts
from terraform.results import ApplyResult, Phase, ResourceOutcome

PHASES = {
    Phase.STARTED: "**begun, end not known**",
    Phase.COMPLETE: "done",
    Phase.ERRORED: "**failed**",
}


def outcome(result: ApplyResult, counts: Counts) -> str:
    """An apply that failed or was stopped, as Terraform itself tells it."""
    head = f"**Stopped: {result.ending}.**" if result.interrupted else "**Failed.**"
    said = [f"- {plain(each.summary)}" for each in result.diagnostics if each.summary]
    parts = [f"{head} What Terraform did before:", facts(result.resources, counts)]
    parts.extend(["\n".join(said)] if said else [])
    if result.errored_state is not None:
        parts.append("The state could not be written to its backend: ask the operator now.")
    parts.append(state_lock_text.after_apply(result))
    return "\n\n".join(parts)


def nothing_named(result: ApplyResult, counts: Counts) -> str:
    """What to say where Terraform ended well and named none of the changes; else nothing.

    Nothing applied of something planned is never a success.
    """
    planned = counts.add + counts.change + counts.destroy
    done = any(each.phase is Phase.COMPLETE for each in result.resources)
    if not result.succeeded or done or not planned:
        return ""
    return (
        f"**Not known to be applied.** Terraform ended without an error and named none of the "
        f"{planned} planned changes as done. `/plan` shows what exists."
    )


def facts(touched: Sequence[ResourceOutcome], counts: Counts) -> str:
    """How far each resource came, and how many were not begun."""
    lines = [(code(each.address), each.action, PHASES[each.phase]) for each in touched]
    rows = table(("resource", "action", "how far"), lines) if lines else "Nothing."
    left = counts.add + counts.change + counts.destroy - len(touched)
    more = [f"Not begun: {left} more." if touched else f"Not begun: {left}."] if left > 0 else []
    return "\n\n".join([rows, *more])
