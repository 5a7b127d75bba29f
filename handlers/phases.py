"""The way of a deployment through its milestones, in phases: which may follow which.

Within a phase milestones come in any order and number, since several projects and Applications
are on their way at once.
"""

from collections.abc import Mapping
from enum import StrEnum

from handlers.actions import Milestone


class Phase(StrEnum):
    """Where a change is between the wish and the cluster."""

    ASKED = "asked"
    REVIEW = "review"
    MERGED = "merged"
    CLUSTER = "cluster"
    CLOSED = "closed"


_M, _P = Milestone, Phase
# `checked` is of no phase: what the CI of others says may come at any time.
PHASES: Mapping[Milestone, Phase | None] = {
    _M.REQUESTED: _P.ASKED,
    _M.QUESTIONED: _P.ASKED,
    _M.PROPOSED: _P.REVIEW,
    _M.ALLOWED: _P.REVIEW,
    _M.PLANNED: _P.REVIEW,
    _M.PLAN_FAILED: _P.REVIEW,
    _M.APPROVED: _P.REVIEW,
    _M.APPLY_REFUSED: _P.REVIEW,
    _M.APPLYING: _P.REVIEW,
    _M.APPLIED: _P.REVIEW,
    _M.APPLY_FAILED: _P.REVIEW,
    _M.UNLOCKED: _P.REVIEW,
    _M.MERGED: _P.MERGED,
    _M.SYNCING: _P.CLUSTER,
    _M.HEALTHY: _P.CLUSTER,
    _M.SYNC_FAILED: _P.CLUSTER,
    _M.DEGRADED: _P.CLUSTER,
    _M.CLOSED: _P.CLOSED,
    _M.CHECKED: None,
}
TRANSITIONS: Mapping[Phase, frozenset[Phase]] = {
    _P.ASKED: frozenset({_P.ASKED, _P.REVIEW, _P.MERGED, _P.CLOSED}),
    # An edited request is asked anew.
    _P.REVIEW: frozenset({_P.REVIEW, _P.ASKED, _P.MERGED, _P.CLOSED}),
    # An apply that was under way, or that the merge set off, ends after it.
    _P.MERGED: frozenset({_P.REVIEW, _P.CLUSTER}),
    _P.CLUSTER: frozenset({_P.CLUSTER, _P.REVIEW}),
    # Reopened, or asked for again; an apply that was under way ends after it.
    _P.CLOSED: frozenset({_P.REVIEW, _P.ASKED, _P.CLOSED, _P.MERGED}),
}
