"""What a check's title says while Terraform works."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.terraform_runs import LONGEST_STEP, step_of
from terraform.results import Progress

QUEUE = "aws_sqs_queue.jobs"


@pytest.mark.parametrize(
    ("progress", "said"),
    [
        pytest.param(
            Progress(f"{QUEUE}: Creating...", QUEUE, 2, 5),
            f"{QUEUE}: Creating... (2 of 5)",
            id="counted",
        ),
        pytest.param(Progress(f"{QUEUE}: Refreshing", QUEUE), f"{QUEUE}: Refreshing", id="plain"),
        pytest.param(
            Progress("Terraform has created a lock file\nto record the choices"), "", id="init"
        ),
        pytest.param(Progress("Plan: 1 to add", total=3), "", id="summary"),
        pytest.param(Progress(f"{QUEUE}:\n  Creating", QUEUE), f"{QUEUE}: Creating", id="one line"),
    ],
)
def test_only_steps_with_a_resource_are_shown(progress: Progress, said: str) -> None:
    """Init's prose and sums stay out; a resource's step is one line with its count."""
    assert said == step_of(progress)


@given(st.text(max_size=400), st.integers(0, 9999))
def test_a_step_fits_a_title(message: str, total: int) -> None:
    """However long the words, a step is one line of a hundred characters at most."""
    said = step_of(Progress(message, QUEUE, total // 2, total))

    assert len(said) <= LONGEST_STEP
    assert len(said.splitlines()) <= 1
    assert not total or said.endswith(f"({total // 2} of {total})")
