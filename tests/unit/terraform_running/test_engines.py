"""Which engine a project gets, from programs that answer as Terraform and OpenTofu do."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from terraform.engine import Family
from terraform.engines import Engines, Wanted, Wish
from terraform.errors import EngineMissingError
from terraform.required_version import required_versions
from terraform.versions import read_constraint

Put: TypeAlias = Callable[[str, str], Path]


def wanted(*constraints: str, family: Family | None = None) -> Wanted:
    """Constraints of a project's."""
    wishes = tuple(
        Wish(read_constraint(text), "required_version in main.tf") for text in constraints
    )
    return Wanted(family, wishes)


@pytest.fixture
def put(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Put:
    """Puts programs below a folder; its `bin` is all of PATH."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    def write(name: str, version: str) -> Path:
        program = tmp_path / name
        program.parent.mkdir(parents=True, exist_ok=True)
        answer = f'echo asked >> "$0.asked"\necho \'{{"terraform_version": "{version}"}}\''
        program.write_text(f"#!/bin/sh\n{answer}\n")
        program.chmod(0o700)
        return program

    return write


def test_the_newest_that_fits(put: Put, tmp_path: Path) -> None:
    """PATH and the folder are one place; every layout counts; 1.10 is newer than 1.9."""
    put("bin/terraform", "1.9.0")
    put("engines/terraform_1.9.8", "1.9.8")
    put("engines/terraform/1.10.2/terraform", "1.10.2")
    put("engines/terraform-1.12.0-rc1", "1.12.0-rc1")
    put("engines/tofu_1.11.0", "1.11.0")
    engines = Engines(folder=tmp_path / "engines")

    assert engines.choose(wanted(">= 1.9")).version == "1.10.2"
    assert engines.choose(wanted("~> 1.9.0", "!= 1.9.8")).version == "1.9.0"
    assert engines.choose(wanted("1.12.0-rc1")).label == "Terraform 1.12.0-rc1"
    assert engines.choose(wanted(family="tofu")).label == "OpenTofu 1.11.0"


def test_the_named_program_comes_first(put: Put, tmp_path: Path) -> None:
    """The operator's word is kept where it fits."""
    named = put("own/terraform", "1.9.1")
    put("bin/terraform", "1.10.0")
    engines = Engines(named, tmp_path / "engines")

    assert engines.choose().version == "1.9.1"
    assert engines.choose(wanted(">= 1.10, < 1.11")).version == "1.10.0"


def test_another_family_is_never_taken_unasked(put: Put) -> None:
    """A project planned with Terraform so far does not go over to OpenTofu."""
    put("bin/terraform", "1.9.0")
    put("bin/tofu", "1.12.9")

    with pytest.raises(EngineMissingError, match=r"No engine here is Terraform ~> 1\.12\.9"):
        Engines().choose(wanted("~> 1.12.9"))


def test_where_only_tofu_is_it_is_taken(put: Put) -> None:
    """The family found first is that of whoever asks for none."""
    put("bin/tofu", "1.10.0")

    assert Engines().choose(wanted(">= 1.8")).label == "OpenTofu 1.10.0"


def test_a_missing_one_says_which_and_where(put: Put, tmp_path: Path) -> None:
    """Both constraints, what there is, what does not run, and every place that was looked at."""
    put("bin/terraform", "1.9.0")
    put("engines/terraform_0.15.5", "0.15.5")
    engines = Engines(folder=tmp_path / "engines")

    with pytest.raises(EngineMissingError) as caught:
        engines.choose(wanted("~> 1.9.5", ">= 1.2"))

    said = str(caught.value)
    assert "Terraform ~> 1.9.5 (required_version in main.tf) and >= 1.2 (required" in said
    assert f"Terraform 1.9.0 ({tmp_path}/bin/terraform); Terraform 1." in said
    assert "terraform_0.15.5 was found but is version 0.15.5; install 1.9 or newer." in said
    assert f"PATH, the folder {tmp_path}/engines (LOCKGATE_ENGINES_FOLDER), and the Python" in said


def test_each_is_asked_once_and_again_when_it_changes(put: Put) -> None:
    """Choosing is cheap; an upgrade in place is seen."""
    program = put("bin/terraform", "1.9.0")
    engines = Engines()
    for _ in range(3):
        engines.choose()
    assert (program.parent / "terraform.asked").read_text() == "asked\n"

    put("bin/terraform", "1.10.12")

    assert engines.choose().version == "1.10.12"


def test_an_apply_takes_the_version_of_its_plan(put: Put) -> None:
    """A newer one that was installed since is not taken."""
    put("bin/terraform", "1.9.0")
    engines = Engines()

    assert engines.labelled("Terraform 1.9.0").version == "1.9.0"
    with pytest.raises(EngineMissingError, match=r"Terraform 1\.8\.9, which made the plan"):
        engines.labelled("Terraform 1.8.9")


def test_a_named_engine_that_is_missing(tmp_path: Path) -> None:
    """The error says what was looked for, where, and what to do."""
    with pytest.raises(EngineMissingError, match=r"terraform: no such file. Correct the path"):
        Engines(tmp_path / "terraform").choose()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        pytest.param("echo hello", "does not answer", id="not-terraform"),
        pytest.param("echo '[]'", "does not answer", id="a list"),
        pytest.param('echo \'{"terraform_version": "one"}\'', "does not answer", id="no version"),
        pytest.param('echo \'{"terraform_version": "1.5.7"}\'', "version 1.5.7", id="old"),
        pytest.param("exit 1", "does not answer", id="broken"),
    ],
)
def test_an_engine_that_does_not_serve(tmp_path: Path, answer: str, words: str) -> None:
    """A program that is not a recent Terraform is refused when it is found."""
    program = tmp_path / "terraform"
    program.write_text(f"#!/bin/sh\n{answer}\n")
    program.chmod(0o700)

    with pytest.raises(EngineMissingError, match=words):
        Engines(program).choose()


def test_the_code_says_what_it_needs(tmp_path: Path) -> None:
    """Every `required_version` of the root counts; what is in a comment or unreadable does not."""
    (tmp_path / "main.tf").write_text(
        'terraform {\n  # required_version = "1"\n  required_version = ">= 1.9"\n}\n'
        'terraform { required_version = "~> 1.11.0" }\n'
        'resource "x" "y" { required_version = "2" }\n'
    )
    (tmp_path / "more.tf.json").write_text('{"terraform": [{"required_version": "< 2"}]}')
    (tmp_path / "odd.tf").write_text('terraform {\n  required_version = "newest"\n}\n')
    (tmp_path / "notes.md").write_text("required_version")
    (tmp_path / "link.tf").symlink_to("main.tf")

    found = [(each.constraint.text, each.source) for each in required_versions(tmp_path, "live")]

    assert found == [
        (">= 1.9", "required_version in live/main.tf"),
        ("~> 1.11.0", "required_version in live/main.tf"),
        ("< 2", "required_version in live/more.tf.json"),
    ]
