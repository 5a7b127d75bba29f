"""Issues: the list, the choice of a form, filing one, talking in it."""

from collections.abc import Sequence

from starlette.responses import Response

from hub.errors import ApiError, forbidden, not_found
from hub.model import Issue, Repository
from hub.pages import issue_forms
from hub.pages.issue_forms import REQUEST_LABEL, Form
from hub.pages.rendering import address
from hub.pages.timeline import of_issue
from hub.pages.wire import Visit

Answers = dict[str, Sequence[str]]
ROLES_THAT_TRIAGE = frozenset({"triage", "write", "maintain", "admin"})


def index(visit: Visit) -> Response:
    """Show the issues, open ones unless asked for the closed."""
    repo = visit.repo
    shown = "closed" if visit.request.query_params.get("state") == "closed" else "open"
    every = [issue for issue in repo.issues.values() if issue.pull is None][::-1]
    listed = [issue for issue in every if issue.state == shown]
    return visit.page(
        "issues.html", repo=repo, listed=listed, shown=shown, counts=counted(every), kind="issue"
    )


def counted(issues: Sequence[Issue]) -> dict[str, int]:
    """Return how many are open and how many closed."""
    opened = sum(issue.state == "open" for issue in issues)
    return {"open": opened, "closed": len(issues) - opened}


def new(visit: Visit) -> Response:
    """Show the choice of forms, one form, or the blank issue."""
    repo = visit.repo
    chosen = visit.request.query_params.get("template", "")
    if chosen == "blank":
        return _blank(visit, repo)
    forms = issue_forms.read_forms(visit.hub.core.git(repo), repo.default_branch)
    if not chosen:
        return visit.page("issue_choose.html", repo=repo, forms=forms)
    form = forms.named(chosen)
    if form is None:
        raise not_found()
    return _form(visit, repo, form)


def create(visit: Visit) -> Response:
    """File an issue from a form or from free words."""
    repo = visit.repo
    if visit.said("template"):
        return _create_from_form(visit, repo)
    labels = (REQUEST_LABEL,) if visit.said("request") else ()
    title, body = visit.said("title"), visit.said("body")
    if not title.strip():
        return _blank(visit, repo, title=title, body=body, problem="Give the issue a title.")
    try:
        issue = visit.hub.issues.open_issue(
            repo, by=visit.person, title=title, body=body, labels=labels
        )
    except ApiError as refusal:
        return _blank(visit, repo, title=title, body=body, problem=refusal.message)
    return visit.go(address(repo, "issues", issue.number))


def show(visit: Visit) -> Response:
    """Show an issue; a pull request has a page of its own."""
    repo = visit.repo
    issue = visit.hub.issues.get(repo, visit.number("number"))
    if issue.pull is not None:
        return visit.go(address(repo, "pull", issue.number))
    linked = [
        other for other in repo.issues.values() if other.pull and mentions(other, issue.number)
    ]
    return visit.page(
        "issue.html",
        repo=repo,
        issue=issue,
        entries=of_issue(visit.hub, repo, issue),
        linked=linked,
        may_edit=may_edit(visit, repo, issue),
    )


def comment(visit: Visit) -> Response:
    """Say something, and close or reopen when that button was used."""
    repo = visit.repo
    issue = visit.hub.issues.get(repo, visit.number("number"))
    said, state, here = visit.said("body"), visit.said("state"), _page(repo, issue)
    if state and not may_edit(visit, repo, issue):
        raise forbidden("Only its author and people who may triage can close or reopen it.")
    anchor = ""
    if said.strip() or not state:
        made = visit.hub.issues.comment(repo, issue, by=visit.person, body=said)
        anchor = f"#issuecomment-{made.id}"
    if state == "closed":
        visit.hub.issues.close(repo, issue, by=visit.person)
    if state == "open":
        visit.hub.issues.reopen(repo, issue, by=visit.person)
    return visit.go(here + anchor)


def edit(visit: Visit) -> Response:
    """Change title and body."""
    repo = visit.repo
    issue = visit.hub.issues.get(repo, visit.number("number"))
    if not may_edit(visit, repo, issue):
        raise forbidden("Only its author and people who may triage can edit it.")
    title, body = visit.said("title"), visit.said("body")
    if issue.pull is not None:
        pr = visit.hub.pulls.get(repo, issue.number)
        visit.hub.pulls.edit(pr, by=visit.person, title=title, body=body, base=None)
    else:
        visit.hub.issues.edit_issue(repo, issue, by=visit.person, title=title, body=body)
    return visit.go(_page(repo, issue), "Saved.")


def may_edit(visit: Visit, repo: Repository, issue: Issue) -> bool:
    """Say whether the person may change this issue: the rule of the hub's own API."""
    role = visit.hub.core.role(repo, visit.person)
    return issue.user is visit.person or role in ROLES_THAT_TRIAGE


def mentions(issue: Issue, number: int) -> bool:
    """Say whether the body of an issue refers to another by number."""
    words = (issue.body or "").replace("\n", " ").split()
    return any(word.strip(".,;:()[]*_") == f"#{number}" for word in words)


def _create_from_form(visit: Visit, repo: Repository) -> Response:
    forms = issue_forms.read_forms(visit.hub.core.git(repo), repo.default_branch)
    form = forms.named(visit.said("template"))
    if form is None:
        raise ApiError(404, "This form is no longer on the default branch. Choose another one.")
    names = [issue_forms.key(form, index) for index in range(len(form.fields))]
    answers: Answers = {
        name: [text for text in visit.form.getlist(f"field:{name}") if isinstance(text, str)]
        for name in names
    }
    title = visit.said("title")
    problems = issue_forms.missing(form, answers)
    if not title.strip() or title.strip() == form.title.strip():
        problems["title"] = "Say in a few words what it is for."
    if problems:
        return _form(visit, repo, form, answers=answers, title=title, problems=problems)
    body = issue_forms.body_of(form, answers)
    issue = visit.hub.issues.open_issue(
        repo, by=visit.person, title=title, body=body, labels=form.labels, assignees=form.assignees
    )
    return visit.go(address(repo, "issues", issue.number))


def _form(
    visit: Visit,
    repo: Repository,
    form: Form,
    *,
    answers: Answers | None = None,
    title: str | None = None,
    problems: dict[str, str] | None = None,
) -> Response:
    fields = [
        (f"field:{issue_forms.key(form, index)}", issue_forms.key(form, index), field)
        for index, field in enumerate(form.fields)
    ]
    return visit.page(
        "issue_form.html",
        status=422 if problems else 200,
        repo=repo,
        form=form,
        fields=fields,
        answers=answers,
        title=form.title if title is None else title,
        problems=problems or {},
    )


def _blank(
    visit: Visit, repo: Repository, *, title: str = "", body: str = "", problem: str = ""
) -> Response:
    return visit.page(
        "issue_blank.html",
        status=422 if problem else 200,
        repo=repo,
        title=title,
        body=body,
        problem=problem,
        label=REQUEST_LABEL,
    )


def _page(repo: Repository, issue: Issue) -> str:
    return address(repo, "pull" if issue.pull else "issues", issue.number)
