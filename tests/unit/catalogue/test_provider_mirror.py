"""Finding a provider mirror on this machine and writing the CLI configuration for it."""

from pathlib import Path

import pytest

from terraform.mirror import MIRROR_VARIABLE, cli_configuration, find_mirror, providers_in

HOST = "registry.example.com"


def put(mirror: Path, *parts: str) -> Path:
    """Place an empty provider file below the mirror's host folder; give the mirror."""
    file = mirror.joinpath(HOST, *parts)
    file.parent.mkdir(parents=True)
    file.touch()
    return mirror


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(
            ("hashicorp", "aws", "5.100.0", "linux_amd64", "terraform-provider-aws_v5.100.0_x5"),
            id="unpacked",
        ),
        pytest.param(
            ("hashicorp", "aws", "terraform-provider-aws_5.100.0_linux_amd64.zip"), id="archive"
        ),
    ],
)
def test_a_mirror_is_found_below_a_usual_place(tmp_path: Path, parts: tuple[str, ...]) -> None:
    """The folder above the host name is the mirror, in both layouts Terraform knows."""
    mirror = put(tmp_path / "vendor" / "plugins", *parts)

    assert find_mirror({}, [tmp_path / "absent", tmp_path]) == mirror


def test_the_variable_wins_without_a_search(tmp_path: Path) -> None:
    """An operator's folder is used even when it holds no AWS provider."""
    named = tmp_path / "named"
    named.mkdir()
    put(tmp_path / "other", "hashicorp", "aws", "terraform-provider-aws_5.100.0_linux_amd64.zip")

    assert find_mirror({MIRROR_VARIABLE: str(named)}, [tmp_path]) == named


def test_a_variable_that_names_no_folder_is_refused(tmp_path: Path) -> None:
    """A typing mistake in the variable is said, not searched around."""
    with pytest.raises(NotADirectoryError, match=MIRROR_VARIABLE):
        find_mirror({MIRROR_VARIABLE: str(tmp_path / "absent")}, [tmp_path])


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(("hashicorp", "awscc", "terraform-provider-aws_1_linux_amd64.zip"), id="type"),
        pytest.param(("someone", "aws", "terraform-provider-aws_1_linux_amd64.zip"), id="owner"),
        pytest.param(("terraform-provider-aws_v5.100.0_x5",), id="layout"),
    ],
)
def test_a_file_elsewhere_is_no_mirror(tmp_path: Path, parts: tuple[str, ...]) -> None:
    """A provider file outside the mirror layout, or of another owner, is passed over."""
    put(tmp_path / "plugins", *parts)

    assert find_mirror({}, [tmp_path]) is None


def test_providers_of_the_mirror_never_come_from_the_registry(tmp_path: Path) -> None:
    """What the mirror holds is included there and excluded from direct installation."""
    mirror = put(tmp_path / 'a "quoted" place', "hashicorp", "aws", "x.zip")

    written = cli_configuration(mirror)

    assert providers_in(mirror) == (f"{HOST}/hashicorp/aws",)
    assert f'include = ["{HOST}/hashicorp/aws"]' in written
    assert f'exclude = ["{HOST}/hashicorp/aws"]' in written
    assert 'a \\"quoted\\" place' in written


def test_without_a_mirror_the_registry_is_used() -> None:
    """No mirror means direct installation and nothing else."""
    written = cli_configuration(None)

    assert "direct {}" in written
    assert "filesystem_mirror" not in written
