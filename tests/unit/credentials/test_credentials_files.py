"""Which run gets which credentials, and that no other gets any."""

from dataclasses import replace
from pathlib import Path

import pytest

from bot.credentials import Credentials, Phase
from handlers.errors import UserError
from handlers.events import RepoName, Sha
from handlers.ports import Work
from terraform.project import Project

WORK = Work(RepoName("acme/infra"), 7, Sha("c0ffee"), Sha("ba5e"), Project("live", "live"))
PROD = replace(WORK, project=replace(WORK.project, environment="prod"))


class Minted:
    """Tokens that say what they were minted for."""

    def mint(self, work: Work, phase: Phase, audience: str) -> str:
        """Not signed."""
        return f"{work.project.environment} {phase} {audience}"


def private(path: Path, text: str, mode: int = 0o600) -> Path:
    """A file of variables."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(mode)
    return path


@pytest.fixture
def credentials(tmp_path: Path) -> Credentials:
    """General files, and a folder with one environment that has keys of its own to apply."""
    private(tmp_path / "folder" / "prod" / "apply.env", "WHO=prod-apply\n")
    return Credentials(
        plan_file=private(tmp_path / "plan.env", "WHO=plan\n"),
        apply_file=private(tmp_path / "apply.env", "WHO=apply\n"),
        folder=tmp_path / "folder",
        tokens=Minted(),
    )


@pytest.mark.parametrize(
    ("work", "phase", "expected"),
    [
        pytest.param(WORK, Phase.PLAN, {"WHO": "plan"}, id="plan"),
        pytest.param(WORK, Phase.APPLY, {"WHO": "apply"}, id="apply"),
        pytest.param(PROD, Phase.APPLY, {"WHO": "prod-apply"}, id="environment"),
        pytest.param(PROD, Phase.PLAN, {"WHO": "plan"}, id="environment-without-a-file"),
        pytest.param(replace(WORK, trusted=False), Phase.PLAN, {}, id="fork"),
        pytest.param(replace(PROD, trusted=False), Phase.APPLY, {}, id="fork-apply"),
    ],
)
def test_each_phase_and_environment_has_its_own(
    credentials: Credentials, work: Work, phase: Phase, expected: dict[str, str], tmp_path: Path
) -> None:
    """A plan never gets what an apply gets; a fork gets nothing."""
    with credentials.given(work, phase, tmp_path) as environment:
        assert environment == expected


def test_nothing_is_configured(tmp_path: Path) -> None:
    """Without files there are no credentials, and that is no error."""
    with Credentials().given(PROD, Phase.APPLY, tmp_path) as environment:
        assert environment == {}


def test_an_unknown_environment_gets_no_general_credentials(credentials: Credentials) -> None:
    """A name that was mistyped is refused by name."""
    typo = replace(WORK, project=replace(WORK.project, environment="prdo"))

    with pytest.raises(UserError, match="no credentials for the environment `prdo`"):
        credentials.variables(typo, Phase.PLAN)


@pytest.mark.parametrize("name", ["../prod", "..", ".", "a/b", "/etc", "a\nb"])
def test_an_environment_is_a_name_not_a_path(credentials: Credentials, name: str) -> None:
    """No name leads out of the folder."""
    odd = replace(WORK, project=replace(WORK.project, environment=name))

    with pytest.raises(UserError, match="can't be the name"):
        credentials.variables(odd, Phase.PLAN)


def test_a_file_that_everyone_may_read_is_not_used(tmp_path: Path) -> None:
    """The run ends with words for the operator, without the path or a value."""
    open_file = private(tmp_path / "plan.env", "KEY=secret\n", 0o644)

    with pytest.raises(UserError) as refusal:
        Credentials(plan_file=open_file).variables(WORK, Phase.PLAN)

    assert "chmod 600" in refusal.value.markdown
    assert "secret" not in refusal.value.markdown
    assert str(tmp_path) not in refusal.value.markdown


def test_a_token_lies_in_a_file_for_as_long_as_it_is_needed(tmp_path: Path) -> None:
    """The variable names the file; the file is the owner's alone, and gone afterwards."""
    text = "AWS_WEB_IDENTITY_TOKEN_FILE=lockgate-token:sts.amazonaws.com\nAWS_ROLE_ARN=arn\n"
    credentials = Credentials(apply_file=private(tmp_path / "a.env", text), tokens=Minted())

    with credentials.given(WORK, Phase.APPLY, tmp_path) as environment:
        path = Path(environment["AWS_WEB_IDENTITY_TOKEN_FILE"])
        assert path.read_text() == " apply sts.amazonaws.com"
        assert path.stat().st_mode & 0o777 == 0o600
        assert environment["AWS_ROLE_ARN"] == "arn"

    assert not path.exists()


def test_tokens_need_a_public_address(tmp_path: Path) -> None:
    """A cloud that can't look up the key could exchange nothing."""
    credentials = Credentials(plan_file=private(tmp_path / "p.env", "T=lockgate-token:x\n"))

    with (
        pytest.raises(UserError, match="LOCKGATE_PUBLIC_URL"),
        credentials.given(WORK, Phase.PLAN, tmp_path),
    ):
        pass
