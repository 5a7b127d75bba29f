"""Checks, comments, reactions and deployment statuses: each written once, whatever is lost."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from bot.publish import MOST_ANNOTATIONS, Publisher
from bot.published import Published
from handlers.actions import Annotation, Button, PutComment, React, SetCheck, SetDeploymentStatus
from handlers.errors import TransientError
from tests.integration.github.github_world import REPO, GitHubWorld

BUTTONS = (Button("Apply", "Apply the plan", "apply"), Button("Plan again", "Once more", "plan"))


def _check(world: GitHubWorld, **fields: object) -> SetCheck:
    check = SetCheck(
        repo=REPO,
        number=7,
        head_sha=world.main,
        name="lockgate",
        status="completed",
        conclusion="success",
        title="No changes",
        summary="Nothing to do.",
    )
    return replace(check, **fields)  # type: ignore[arg-type]  # each test names real fields


def _annotations(count: int) -> tuple[Annotation, ...]:
    return tuple(
        Annotation("live/main.tf", line, line, "warning", f"Finding {line}", "Mend it.")
        for line in range(1, count + 1)
    )


def test_a_check_is_created_once_and_then_updated(world: GitHubWorld, publisher: Publisher) -> None:
    """One run per name and commit, with number, buttons and text in their places."""
    publisher.set_check(_check(world, status="in_progress", conclusion=None, title="Planning"))
    publisher.set_check(_check(world, text="```diff\n+ a\n```", buttons=BUTTONS))

    (run,) = world.runs("lockgate")
    assert (run.status, run.conclusion, run.title) == ("completed", "success", "No changes")
    assert run.external_id == "7"
    assert run.text == "```diff\n+ a\n```"
    assert [each["identifier"] for each in run.actions] == ["apply", "plan"]


def test_names_and_commits_have_checks_of_their_own(
    world: GitHubWorld, publisher: Publisher
) -> None:
    """Another project or another commit is another run."""
    publisher.set_check(_check(world))
    publisher.set_check(_check(world, name="lockgate / network"))
    publisher.set_check(_check(world, head_sha=world.commit("feature", {"a": "b"})))

    assert len(world.runs("lockgate")) == 2
    assert len(world.runs("lockgate / network")) == 1


@pytest.mark.parametrize("status", ["in_progress", "completed"])
def test_the_same_content_is_sent_once(
    world: GitHubWorld, publisher: Publisher, status: str
) -> None:
    """Saying the same again costs GitHub nothing."""
    conclusion = "success" if status == "completed" else None
    check = _check(world, status=status, conclusion=conclusion)
    publisher.set_check(check)
    before = len(world.recorder.requests)

    publisher.set_check(check)

    assert len(world.recorder.requests) == before


def test_a_check_that_another_process_changed_is_sent_again(
    world: GitHubWorld, published: Published, publisher: Publisher
) -> None:
    """What a process said last is not what stands there when another spoke since."""
    done = _check(world)
    publisher.set_check(done)
    other = Publisher(world.new_client(), published, app_id=world.app_id)
    other.set_check(_check(world, status="in_progress", conclusion=None, title="Planning"))

    publisher.set_check(done)

    (run,) = world.runs("lockgate")
    assert run.title == "No changes"


def test_a_new_process_updates_what_the_old_one_created(
    world: GitHubWorld, published: Published, publisher: Publisher
) -> None:
    """A restart loses nothing: the store knows the run."""
    publisher.set_check(_check(world))

    fresh = Publisher(world.new_client(), published, app_id=world.app_id)
    fresh.set_check(_check(world, title="Planned again"))

    (run,) = world.runs("lockgate")
    assert run.title == "Planned again"


def test_a_check_whose_answer_was_lost_is_found_again(
    world: GitHubWorld, publisher: Publisher
) -> None:
    """The retry looks for what the lost request left, and makes no second run."""
    world.fail("lost_answer", method="POST", path="/check-runs$")
    with pytest.raises(TransientError):
        publisher.set_check(_check(world))

    publisher.set_check(_check(world, title="After the retry"))

    (run,) = world.runs("lockgate")
    assert run.title == "After the retry"


def test_an_update_whose_answer_was_lost_is_sent_again(
    world: GitHubWorld, publisher: Publisher
) -> None:
    """A half-done write is not taken for what stands there."""
    first, second = _check(world), _check(world, title="Planned again")
    publisher.set_check(first)
    world.fail("lost_answer", method="PATCH", path="/check-runs/")
    with pytest.raises(TransientError):
        publisher.set_check(second)

    publisher.set_check(first)

    (run,) = world.runs("lockgate")
    assert run.title == "No changes"


def test_a_check_that_is_gone_is_created_anew(world: GitHubWorld, publisher: Publisher) -> None:
    """A stale entry of the store costs a request, not the check."""
    publisher.set_check(_check(world))
    world.acme.repo.runs.clear()

    publisher.set_check(_check(world, title="Anew"))

    assert [run.title for run in world.runs("lockgate")] == ["Anew"]


def test_two_at_once_create_one_check(world: GitHubWorld, published: Published) -> None:
    """Workers that meet at a new commit make one run, not one each."""
    publishers = [Publisher(world.new_client(), published, app_id=world.app_id) for _ in range(8)]
    checks = [_check(world, title=f"Worker {index}") for index in range(8)]

    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(lambda pair: pair[0].set_check(pair[1]), zip(publishers, checks, strict=True))
        )

    assert len(world.runs("lockgate")) == 1


@pytest.mark.parametrize(
    ("count", "requests"),
    [(0, 1), (50, 1), (51, 2), (120, 3), (MOST_ANNOTATIONS + 1, 4)],
)
def test_annotations_go_in_portions(
    world: GitHubWorld, publisher: Publisher, count: int, requests: int
) -> None:
    """GitHub takes fifty a request; all arrive, in order, once."""
    publisher.set_check(_check(world, annotations=_annotations(count)))

    (run,) = world.runs("lockgate")
    lines = [each["start_line"] for each in run.annotations]
    assert lines == list(range(1, min(count, MOST_ANNOTATIONS) + 1))
    written = world.recorder.asked("POST", "/check-runs") + world.recorder.asked("PATCH")
    assert len(written) == requests


def test_annotations_are_not_added_twice(world: GitHubWorld, publisher: Publisher) -> None:
    """An update of a check adds only the annotations it lacks."""
    publisher.set_check(_check(world, annotations=_annotations(60)))

    publisher.set_check(_check(world, title="Approved", annotations=_annotations(61)))

    (run,) = world.runs("lockgate")
    assert [each["start_line"] for each in run.annotations] == list(range(1, 62))


def test_annotations_left_out_by_a_lost_answer_arrive_with_the_retry(
    world: GitHubWorld, publisher: Publisher
) -> None:
    """The second portion failing leaves neither a gap nor doubles."""
    check = _check(world, annotations=_annotations(120))
    world.fail("lost_answer", method="PATCH", path="/check-runs/")
    with pytest.raises(TransientError):
        publisher.set_check(check)

    publisher.set_check(check)

    (run,) = world.runs("lockgate")
    assert [each["start_line"] for each in run.annotations] == list(range(1, 121))


def test_texts_fit_githubs_limits_in_bytes(world: GitHubWorld, publisher: Publisher) -> None:
    """Text of three bytes a character is cut by bytes, and says that it was."""
    loud = Annotation("live/main.tf", 1, 1, "failure", "T" * 300, "€" * 30_000)

    publisher.set_check(
        _check(world, title="€" * 300, summary="€" * 65_000, text="€" * 65_000, annotations=(loud,))
    )

    (run,) = world.runs("lockgate")
    for text in (run.summary, run.text):
        assert text is not None
        assert 65_500 < len(text.encode()) <= 65_535
        assert text.endswith("limit is reached._")
    assert len(run.annotations[0]["title"]) == 255
    assert len(run.annotations[0]["message"].encode()) <= 64 * 1024


def test_a_comment_is_edited_in_place(world: GitHubWorld, publisher: Publisher) -> None:
    """One comment per tag, whose mark nobody sees."""
    number = world.issue()
    publisher.put_comment(PutComment(REPO, number, "status", "First"))

    publisher.put_comment(PutComment(REPO, number, "status", "Second"))
    publisher.put_comment(PutComment(REPO, number, "help", "Other"))

    bodies = _comments(world, number)
    assert bodies == ["Second\n\n<!-- lockgate:status -->", "Other\n\n<!-- lockgate:help -->"]


def test_a_deleted_comment_is_made_anew(world: GitHubWorld, publisher: Publisher) -> None:
    """Deleting our comment silences us only until there is something to say."""
    number = world.issue()
    comment = PutComment(REPO, number, "status", "First")
    publisher.put_comment(comment)
    world.acme.repo.comments.clear()

    publisher.put_comment(comment)
    publisher.put_comment(replace(comment, body="Second"))

    assert _comments(world, number) == ["Second\n\n<!-- lockgate:status -->"]


def test_a_comment_whose_answer_was_lost_is_not_doubled(
    world: GitHubWorld, publisher: Publisher
) -> None:
    """The retry finds the comment by its mark."""
    number = world.issue()
    world.fail("lost_answer", method="POST", path="/comments$")
    with pytest.raises(TransientError):
        publisher.put_comment(PutComment(REPO, number, "status", "First"))

    publisher.put_comment(PutComment(REPO, number, "status", "First"))

    assert len(_comments(world, number)) == 1


def test_a_mark_in_someone_elses_comment_is_not_ours(
    world: GitHubWorld, publisher: Publisher
) -> None:
    """Quoting the mark gives nobody's comment into our hands."""
    number = world.issue()
    issues, repo = world.server.hub.issues, world.acme.repo
    trap = "Mine\n\n<!-- lockgate:status -->"
    issues.comment(repo, issues.get(repo, number), by=world.acme.stranger, body=trap)

    publisher.put_comment(PutComment(REPO, number, "status", "Ours"))

    assert _comments(world, number) == [trap, "Ours\n\n<!-- lockgate:status -->"]


def test_a_comment_fits_githubs_limit(world: GitHubWorld, publisher: Publisher) -> None:
    """The longest comment keeps its mark and is taken."""
    number = world.issue()

    publisher.put_comment(PutComment(REPO, number, "status", "x" * 70_000))

    (body,) = _comments(world, number)
    assert body.endswith("<!-- lockgate:status -->")


def test_a_reaction_is_put_once(world: GitHubWorld, publisher: Publisher) -> None:
    """A redelivered comment gets no second pair of eyes."""
    number = world.issue()
    issues, repo = world.server.hub.issues, world.acme.repo
    said = issues.comment(repo, issues.get(repo, number), by=world.acme.developer, body="/plan")

    publisher.react(React(REPO, said.id))
    publisher.react(React(REPO, said.id))

    assert [each.content for each in said.reactions] == ["eyes"]


def test_a_deployment_is_made_once_and_told_each_state_once(
    world: GitHubWorld, publisher: Publisher
) -> None:
    """Failing checks do not hinder it, and repeats are not sent."""
    publisher.set_check(_check(world, conclusion="failure"))
    status = SetDeploymentStatus(REPO, world.main, "production", "in_progress", "Syncing " * 30)

    for each in (
        status,
        status,
        replace(status, state="success"),
        replace(status, state="success"),
    ):
        publisher.set_deployment_status(each)

    (made,) = world.acme.repo.deployments.values()
    assert [each.state for each in made.statuses] == ["in_progress", "success"]


def test_someone_elses_deployment_is_left_alone(world: GitHubWorld, publisher: Publisher) -> None:
    """A deployment of a workflow to the same place keeps its own statuses."""
    fields: dict[str, object] = {"environment": "production", "required_contexts": []}
    deployments, acme = world.server.hub.deployments, world.acme
    theirs = deployments.create(acme.repo, by=acme.developer, ref=world.main, fields=fields)

    publisher.set_deployment_status(
        SetDeploymentStatus(REPO, world.main, "production", "success", "Healthy")
    )

    assert theirs.statuses == []
    assert len(acme.repo.deployments) == 2


def _comments(world: GitHubWorld, number: int) -> list[str]:
    comments = world.server.hub.issues.comments(world.acme.repo, number)
    return [comment.body for comment in comments]
