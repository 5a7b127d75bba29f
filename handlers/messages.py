"""What we say in comments, in one place, so that the tone is edited in one place."""

from collections.abc import Mapping, Sequence

from handlers.commands import Name
from handlers.markdown import code, cut, gate, plain, table
from policy.findings import PolicyResult
from policy.gate import Holds, Row
from terraform.project import Network

SAID: dict[Name, tuple[str, str]] = {
    Name.PLAN: (
        "/plan [-p project] [-d directory] [-w workspace] [-- arguments]",
        "plan again; arguments: `-target=`, `-replace=`, `-var`, `-refresh=false`, `-destroy`",
    ),
    Name.TEST: ("/test [-p project]", "run `terraform test` where this touches tests"),
    Name.ALLOW: ("/allow COMMIT [-p project]", "let what the static gate refused there be planned"),
    Name.APPROVE: ("/approve [-p project]", "approve exactly the plans shown in the checks"),
    Name.APPLY: ("/apply [-p project]", "apply exactly the approved plans"),
    Name.CANCEL: ("/cancel", "stop what is running or waiting here; a second time, at once"),
    Name.UNLOCK: (
        "/unlock [-p project] [--state [id]]",
        "give back the project locks of this pull request; `--state`: Terraform's own, left behind",
    ),
    Name.DRAFT: ("/draft", "on an issue: draft the pull request again"),
    Name.SYNC: (
        "/sync [--prune]",
        "after the merge: follow the cluster again; prune what its check lists as kept",
    ),
    Name.DRIFT: ("/drift [-p project]", "look for changes made outside Terraform"),
    Name.IMPORT: ("/import ADDRESS ID [-p project]", "plan to manage what exists already"),
    Name.STATE: ("/state rm ADDRESS [-p project]", "plan to manage something no longer"),
    Name.CONFIG: ("/config [-p project]", "show what holds here, and where each value comes from"),
    Name.HELP: ("/help", "this list"),
}

NETWORKS = {
    Network.NONE: "was off",
    Network.LISTED: "was the project's list of hosts",
    Network.OPEN: "was open",
}

# Who typed more knows what it was.
LONGEST_LINE = 120


def no_such_project(wanted: str | None, names: Sequence[str]) -> str:
    """The answer to a name that no project of the default branch has."""
    listed = ", ".join(map(code, names)) or "none"
    if wanted is None:
        return "The default branch has no Terraform project."
    return f"The default branch has no project {code(wanted)}. It has: {listed}."


def looking_for_drift(names: Sequence[str], sha: str) -> str:
    """The answer to `/drift`."""
    return (
        f"Looking for drift in {', '.join(map(code, names))}. The checks on `{sha[:12]}` show how "
        "it goes; what is found stands in an issue for each project."
    )


def refusal(typed: str, reason: str) -> str:
    """One command that was not carried out, and why."""
    shown = typed if len(typed) <= LONGEST_LINE else f"{typed[:LONGEST_LINE]}…"
    return f"{code(shown)}: {reason}"


def refusals(login: str, reasons: Sequence[str]) -> str:
    """The answer to a comment with commands that were not carried out."""
    listed = reasons[0] if len(reasons) == 1 else "\n".join(f"- {reason}" for reason in reasons)
    return cut(f"{addressed(login)}\n\n{listed}")


def together(answers: Sequence[str]) -> str:
    """The answers to several commands of one comment."""
    return cut("\n\n---\n\n".join(answers))


def addressed(login: str) -> str:
    """Who is spoken to, without sending a notification."""
    return f"For {code(login)}:"


def not_available(name: Name, available: frozenset[Name]) -> str:
    """The answer to a command that this version can't carry out."""
    listed = ", ".join(f"`/{each}`" for each in Name if each in available)
    return f"`/{name}` is not available in this version. These are: {listed}."


def help_text(available: frozenset[Name]) -> str:
    """The commands that work here."""
    lines = [(f"`{usage}`", does) for name, (usage, does) in SAID.items() if name in available]
    return (
        table(("command", "what it does"), lines)
        + "\n\nA command is the first line of a comment, or several lines that start with `/`."
    )


def apply_refused(login: str, gates: Mapping[str, tuple[Row, ...]]) -> str:
    """The gate of each project whose apply was refused."""
    parts = [
        f"**{plain(project)}** was not applied: {_closed(rows)}\n\n{gate(rows)}"
        for project, rows in gates.items()
    ]
    return cut("\n\n".join([addressed(login), *parts]))


def _closed(rows: tuple[Row, ...]) -> str:
    closed = sum(row.holds is not Holds.YES for row in rows)
    if closed == 1:
        return "1 condition does not hold. Its row says what to do."
    return f"{closed} conditions do not hold. Their rows say what to do."


def gate_closed(login: str, gates: Mapping[str, tuple[Row, ...]]) -> str:
    """The answer to an apply whose gate closed between the command and the run."""
    refused = apply_refused(login, gates)
    return f"{refused}\n\nThis was asked again just before the apply, and no longer held."


def applied_already(projects: Sequence[str]) -> str:
    """The answer to a command on plans that are applied."""
    listed = ", ".join(code(project) for project in projects)
    return f"Applied already: {listed}. Nothing was done again."


TERRAGRUNT_ANNOTATION = "Lockgate does not run Terragrunt: nothing here is planned or applied."


def terragrunt(directories: Sequence[str], most: int) -> str:
    """Why a change of what Terragrunt runs is refused, and what to do."""
    listed = "\n".join(f"- {code(directory)}" for directory in directories[:most])
    more = f"\n- and {len(directories) - most} more" if len(directories) > most else ""
    return (
        "This pull request changes what Terragrunt runs. Lockgate runs Terraform and OpenTofu, not "
        "Terragrunt, so nothing is planned or applied here.\n\n"
        f"{listed}{more}\n\n"
        "Turn these directories into Terraform roots without `terragrunt.hcl`. Or, if Terragrunt "
        "runs elsewhere, name them under `discovery.ignore` in `.github/lockgate.yml` on the base "
        "branch, and say `/plan`."
    )


def removed(directories: Sequence[str]) -> str:
    """The remark on a pull request that deletes whole projects."""
    listed = ", ".join(code(directory) for directory in directories[:20])
    more = f" and {len(directories) - 20} more" if len(directories) > 20 else ""  # noqa: PLR2004
    return (
        f"No longer a project after this: {listed}{more}. Nothing is planned for what is gone, and "
        "what it made stays. To destroy that, first merge a change that empties the project."
    )


def unprintable(project: str) -> str:
    """Why a project in a directory with such a name can't be planned."""
    return (
        f"The name of the directory of {code(project)} holds signs that are not printable or not "
        "UTF-8, so nothing is planned. Rename it."
    )


def newer_plans(projects: Sequence[str]) -> str:
    """The answer to a program that decides on plans which are not the newest."""
    listed = ", ".join(code(project) for project in projects)
    return f"There is a newer plan of {listed} than those you name. Read it, and decide on that."


def not_an_approver(project: str, users: Sequence[str], teams: Sequence[str]) -> str:
    """The answer to somebody whose approval of a project does not count."""
    named = ", ".join([*map(code, users), *(f"the team {code(team)}" for team in teams)])
    needed = f"one of {named}, with write permission" if named else "someone who may write here"
    return f"You are not among the approvers of {code(project)}. It needs {needed}."


def approved_in_part(login: str, left: Mapping[str, str]) -> str:
    """The answer to an approval that counts for some of the plans."""
    lines = [f"- {code(project)} is not approved. {why}" for project, why in left.items()]
    return cut("\n".join([f"{addressed(login)} the other plans are approved.", "", *lines]))


def unlocked(projects: Sequence[str]) -> str:
    """The answer to /unlock."""
    if not projects:
        return "This pull request held no lock. If it waited for one, it gave up its place in line."
    listed = ", ".join(code(project) for project in projects)
    return f"Locks given back: {listed}. The plans here have ended; `/plan` starts again."


def cancelled(*, waiting: int, running: int, hurried: int) -> str:
    """The answer to /cancel: what was withdrawn, what is stopping, and what is ended at once."""
    said = []
    if waiting:
        said.append(f"{_runs(waiting)} withdrawn before the start.")
    if running:
        said.append(
            f"Stopping {_runs(running)}: Terraform finishes what is under way and writes its "
            "state. `/cancel` once more ends it at once."
        )
    if hurried:
        said.append(
            f"Ending {_runs(hurried)} at once: what is under way may be left half done, and the "
            "state locked."
        )
    if not said:
        return "Nothing is running or waiting here."
    return " ".join([*said, "The checks say how each ended."])


def _runs(many: int) -> str:
    return "1 run" if many == 1 else f"{many} runs"


def fork_waits(head_sha: str) -> str:
    """What stands in the check of a fork's commit that nobody has allowed."""
    return (
        "This pull request comes from a fork, so nothing of it is planned before it was read: "
        f"{_who_allows(head_sha)} Then it is planned for review, without credentials and "
        "network. The next push needs a new word."
    )


def may_be_allowed(head_sha: str, project: str) -> str:
    """The way past the static gate, for the end of a refusal."""
    return f"If it is meant to be so: {_who_allows(head_sha, f' -p {project}')}"


def _who_allows(head_sha: str, option: str = "") -> str:
    return (
        "someone with maintain permission, or a named approver, who is not the author and has read "
        f"this commit says {code(f'/allow {head_sha}{option}')}."
    )


def other_commit(head_sha: str) -> str:
    """The answer to /allow with another commit than the newest."""
    return f"That is not the newest commit of this pull request, which is {code(head_sha)}."


def never_allowed(rules: Sequence[str]) -> str:
    """The answer to /allow where something can't be allowed."""
    listed = ", ".join(code(rule) for rule in rules)
    return f"Nobody can allow {listed}. Mend that and push."


def state_unlocked(project: str, lock: str) -> str:
    """The answer once a lock on the state was taken away."""
    return (
        f"The lock {code(lock)} on the state of {code(project)} is gone, and it is planned again. "
        "What the dead run had begun may have changed things: read that plan with care."
    )


def state_not_unlocked(project: str, outcome: str) -> str:
    """The answer where the lock stayed."""
    return f"The state of {code(project)} is as locked as before.\n\n{outcome}"


def merge_failed(
    number: int, merged: str, stages: Mapping[str, str], outcomes: Mapping[str, str]
) -> str:
    """What stands where after a merge whose applies did not all end well."""
    lines = [(code(project), plain(stage)) for project, stage in stages.items()]
    head = (
        f"#{number} was merged as {merged}, and the merge could not apply all of it. The code on "
        "the base branch and the infrastructure differ until that is mended."
    )
    then = (
        "Next: mend the cause and open a pull request that touches the project, which plans what "
        "is left; or take the change back."
    )
    told = [f"### {code(project)}\n\n{said}" for project, said in outcomes.items() if said]
    return cut("\n\n".join([head, table(("project", "state"), lines), *told, then]))


def merged_unapplied(projects: Sequence[str]) -> str:
    """The remark on a pull request that was merged past the gate."""
    listed = ", ".join(code(project) for project in projects)
    return (
        f"Merged without being applied: {listed}. The code on the base branch and the "
        "infrastructure differ now. Open a pull request that touches the project to plan again."
    )


FORK = (
    "This pull request comes from a fork. Its code is not planned here. A maintainer can push the "
    "branch to this repository and open the pull request from there, or set `forks: after_allow` "
    "in `.github/lockgate.yml` on the base branch to have forks planned for review."
)
FORK_NOT_APPLIED = (
    "This pull request comes from a fork: its plans are made without credentials, for review, and "
    "can't be approved or applied. A maintainer who wants it applied pushes the commit to a branch "
    "of this repository and opens a pull request from there."
)
NOTHING_TO_ALLOW = (
    "There is nothing to allow: the static gate refused nothing in this commit that can be allowed."
)
APPLIED_BY_MERGE = (
    "This is applied by the merge (`apply: on_merge`): merge once the check `lockgate` is green."
)
NOT_A_MAINTAINER = (
    "`/unlock --state` takes a lock away from Terraform's state: that needs maintain permission "
    "here, or a name among the approvers in `.github/lockgate.yml`."
)
NO_LOCK_SEEN = (
    "No lock on Terraform's state was met here. `/plan` looks; where it meets one, it says whose."
)
OTHER_LOCK = "The lock that was met here has the id `{seen}`. Nothing was done."
LOCK_IN_USE = (
    "The lock belongs to a run of #{number} that is still working. `/cancel` there stops it, and "
    "Terraform gives the lock back."
)
LOCK_OF_OTHERS = (
    "The lock was not taken by a run of Lockgate, so only people can know whether its owner is "
    "dead. Make sure, then say `/unlock --state {seen}`."
)
NOT_A_PULL_REQUEST = "This works on a pull request. On an issue, `/draft` and `/help` do."
NOT_AN_ISSUE = "This works on an issue, where the request is written."
NOTHING_TO_TEST = (
    "Nothing to test: no folder that this pull request touches has a `.tftest.hcl` file in it or "
    "in its `tests`."
)
NOT_TESTED = (
    "**Not tested.** This code could run programs or reach out, or whether it does could not be "
    "checked. Mend what stands on its lines and push, or say `/test` to try again."
)
PLAN_BEING_MADE = "The plan is still being made. Read it first, then say `/{verb}`."
NO_PLAN = "There is no plan to {verb} yet. `/plan` makes one."
NOTHING_TO_APPLY = "The plan has no changes: there is nothing to approve or apply."


DRAFTING = "Reading the request. This comment follows along."


def drafting(progress: str) -> str:
    """What the drafting worker does now."""
    return f"Drafting a pull request: {plain(progress)} …"


def drafted(number: int) -> str:
    """Where the draft is."""
    return (
        f"Drafted in #{number}. It was formatted, validated and planned before it was opened; its "
        "description says where each value came from. Edit this issue to change the draft, or "
        "close it to withdraw it."
    )


def draft_failed(outcome: str) -> str:
    """A draft that did not become a pull request."""
    return f"No pull request was opened.\n\n{outcome}"


def draft_stopped(outcome: str) -> str:
    """A draft that was stopped."""
    return f"Drafting stopped. {outcome} `/draft` starts again.".replace("  ", " ")


def draft_blocked(policy: PolicyResult) -> str:
    """A draft that policy does not allow."""
    lines = [f"- {code(each.rule)}: {plain(each.message)}" for each in policy.findings]
    lines += [f"- not evaluated: {plain(why)}" for why in policy.unevaluated]
    return "The draft was planned, and policy does not allow it:\n\n" + "\n".join(lines)


def draft_unlike(expected: Sequence[str]) -> str:
    """A draft whose plan is not what was asked for."""
    lines = "\n".join(f"- {plain(sentence)}" for sentence in expected)
    return f"The draft was planned, and its plan is not what was asked for:\n\n{lines}"


def withdrawn(issue_number: int) -> str:
    """The last comment on a withdrawn draft."""
    return f"#{issue_number}, which asked for this, was closed."


def apology(delivery_id: str) -> str:
    """What people read when we broke."""
    return (
        "Something broke inside Lockgate, and nothing was done. The operator can find it in the "
        f"logs as delivery {code(delivery_id)}. Trying again may help."
    )
