"""The order among the projects of one commit: which wait for others, and for how long; pure.

A project may be planned beside those it depends on, as its reviewers want to see what is foreseen.
What was planned before one of those was applied is of a world that is no more, so it counts only
once it was planned again.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache


@dataclass(frozen=True, slots=True)
class Part:
    """One project: whether its own plan leaves nothing to do, and when it was planned and applied.

    `applied` is the end of the last apply that was begun, whatever its end; while one goes on,
    `applying` holds. A plan that is still to begin has no `planned`.
    """

    done: bool
    planned: datetime | None = None
    applied: datetime | None = None
    applying: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """The projects that one waits for, by name; `over` once all of them are settled.

    Then nothing but a new plan is missing.
    """

    projects: tuple[str, ...] = ()
    over: bool = False


def waits(parts: Mapping[str, Part], above: Mapping[str, Collection[str]]) -> dict[str, Wait]:
    """What each part waits for; `above` has all that each depends on, near and far, no cycles.

    Of what is above, only the parts of this commit are waited for.
    """

    @cache
    def wait(name: str) -> Wait:
        before = sorted(set(above.get(name, ())) & parts.keys())
        unsettled = [each for each in before if not settled(each)]
        outdated = [each for each in before if _since(parts[each], parts[name])]
        found = tuple(sorted({*unsettled, *outdated}))
        return Wait(found, over=bool(found) and not unsettled)

    def settled(name: str) -> bool:
        return parts[name].done and not wait(name).projects

    return {name: wait(name) for name in parts}


def _since(parent: Part, child: Part) -> bool:
    """Whether the parent was applied after the child was planned."""
    if child.planned is None:
        return False
    return parent.applying or (parent.applied is not None and parent.applied > child.planned)
