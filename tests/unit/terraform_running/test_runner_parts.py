"""The small parts of running Terraform: arguments, environment, outputs kept, engine, sandbox."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terraform.environment import command_environment
from terraform.errors import (
    UnsafePathError,
)
from terraform.limits import Limits
from terraform.process import Kept
from terraform.project import Network
from terraform.sandbox import Sandbox
from terraform.work_area import WorkArea


def test_environment_is_whole() -> None:
    """A command's variables are its own credentials and what steers Terraform, nothing else."""
    environment = command_environment(
        {"AWS_REGION": "eu-west-1", "TF_VAR_x": "1"},
        home="/home/x",
        configuration=Path("/c"),
        data=Path("/d"),
        workspace="default",
    )

    assert environment["TF_DATA_DIR"] == "/d"
    assert environment["TF_WORKSPACE"] == "default"
    assert {"AWS_REGION", "TF_VAR_x"} < set(environment)


@given(st.lists(st.binary(max_size=50), max_size=20), st.integers(min_value=2, max_value=100))
def test_kept_is_bounded(chunks: list[bytes], limit: int) -> None:
    """Head and tail are the true ones and never more than the limit."""
    kept, whole = Kept(limit), b"".join(chunks)
    for chunk in chunks:
        kept.add(chunk)

    assert kept.total == len(whole)
    assert len(kept.head) + len(kept.tail) <= limit
    assert whole.startswith(bytes(kept.head))
    assert whole.endswith(bytes(kept.tail))


def test_what_is_missing_is_said() -> None:
    """A cut output says how much is gone."""
    kept = Kept(4)
    kept.add(b"abcdefgh")

    assert kept.text() == "ab\n... 4 bytes left out ...\ngh"


@pytest.mark.parametrize("network", Network)
def test_the_network_is_shared_only_when_open(network: Network) -> None:
    """Network and name resolution enter the sandbox together or not at all."""
    command = Sandbox("prlimit", "bwrap").command(
        ("terraform",),
        read_only=(Path("/a"),),
        writable=(Path("/a/b"),),
        network=network,
        cwd=Path("/a"),
        limits=Limits(),
    )

    is_open = network is Network.OPEN
    assert ("--share-net" in command) is is_open
    assert ("/etc/resolv.conf" in command) is is_open
    assert command.index("--ro-bind", command.index("/home/lockgate")) < command.index("/a/b")


def test_data_inside_the_checkout_is_refused(tmp_path: Path) -> None:
    """Providers and plans must not lie where the pull request's files are."""
    with pytest.raises(UnsafePathError, match="must not lie"):
        WorkArea(tmp_path, ".", tmp_path / "data").prepare()


def test_the_digests_follow_the_code(tmp_path: Path) -> None:
    """A changed file of the project changes its digest, another file does not."""
    area = WorkArea(tmp_path, ".", tmp_path.parent / "elsewhere")
    (tmp_path / "main.tf").write_text("a = 1\n")
    before = area.configuration_digest()

    (tmp_path / "README.md").write_text("words\n")
    unchanged = area.configuration_digest()
    (tmp_path / "main.tf").write_text("a = 2\n")

    assert unchanged == before
    assert area.configuration_digest() != before
    assert area.lock_digest() == ""
