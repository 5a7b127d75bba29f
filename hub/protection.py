"""Branch protection: what still keeps a pull request from merging. Pure: values in, reasons out."""

from collections.abc import Iterable

from hub.model import CheckRun, CommitStatus, Protection, RequiredCheck, Review, Role

PASSING = frozenset({"success", "neutral", "skipped"})


def latest_runs(runs: Iterable[CheckRun], sha: str) -> dict[tuple[int, str], CheckRun]:
    """Return the newest run of each app and name on a commit."""
    ordered = sorted((run for run in runs if run.head_sha == sha), key=lambda run: run.id)
    return {(run.app_id, run.name): run for run in ordered}


def unmet_checks(
    protection: Protection,
    runs: Iterable[CheckRun],
    statuses: Iterable[CommitStatus],
    sha: str,
) -> tuple[RequiredCheck, ...]:
    """Return the required checks that have not passed on this commit."""
    latest = latest_runs(runs, sha)
    contexts = {given.context: given.state for given in statuses if given.sha == sha}
    return tuple(
        required
        for required in protection.required_checks
        if not _passed(required, latest, contexts)
    )


def unmet_reviews(
    protection: Protection,
    reviews: Iterable[Review],
    *,
    author: str,
    head_sha: str,
    roles: dict[str, Role],
) -> tuple[str, ...]:
    """Return why the reviews are not enough, in GitHub's words."""
    opinions: dict[str, Review] = {}
    for review in reviews:
        if review.state != "COMMENTED" and roles.get(review.user.login) in {
            "write",
            "maintain",
            "admin",
        }:
            opinions[review.user.login] = review
    reasons = []
    if any(review.state == "CHANGES_REQUESTED" for review in opinions.values()):
        reasons.append("Changes have been requested.")
    approvals = sum(
        1
        for login, review in opinions.items()
        if review.state == "APPROVED"
        and login != author
        and (review.commit_id == head_sha or not protection.dismiss_stale_reviews)
    )
    missing = protection.required_reviews - approvals
    if missing > 0:
        plural = "review is" if missing == 1 else "reviews are"
        reasons.append(
            f"At least {missing} approving {plural} required by reviewers with write access."
        )
    return tuple(reasons)


def _passed(
    required: RequiredCheck,
    latest: dict[tuple[int, str], CheckRun],
    contexts: dict[str, str],
) -> bool:
    named = [
        run
        for (app_id, name), run in latest.items()
        if name == required.context and required.app_id in {None, app_id}
    ]
    if named:
        return all(run.status == "completed" and run.conclusion in PASSING for run in named)
    return required.app_id is None and contexts.get(required.context) == "success"
