"""Providers are downloaded once and shared, whoever runs at the same time."""

import hashlib
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from terraform.errors import RunCancelledError
from terraform.mirror import cli_configuration
from terraform.project import Network
from terraform.provider_cache import ProviderCache
from terraform.provider_packages import locked_providers, package_hash, packages_in
from terraform.runner import Request, Runner
from terraform.work_area import LOCK_FILE, WorkArea

PLACE = "registry.terraform.io/acme/tiny/1.0.0/linux_amd64"
PROGRAM = "terraform-provider-tiny_v1.0.0"
MAIN = 'terraform {\n  required_providers {\n    tiny = { source = "acme/tiny" }\n  }\n}\n'


@pytest.fixture
def downloading(program_runner: Runner, tmp_path: Path) -> Runner:
    """A runner whose providers are packed, as in a registry, so that they have to be unpacked."""
    mirror = tmp_path / "registry"
    packed = mirror / "registry.terraform.io" / "acme" / "tiny"
    packed.mkdir(parents=True)
    program = zipfile.ZipInfo(PROGRAM)
    program.external_attr = 0o755 << 16
    with zipfile.ZipFile(packed / "terraform-provider-tiny_1.0.0_linux_amd64.zip", "w") as archive:
        # Any program that runs a while does.
        archive.writestr(program, Path(shutil.which("sleep") or "").read_bytes())
    return replace(program_runner, cli_configuration=cli_configuration(mirror), mirror=mirror)


def request_in(folder: Path, lock_file: str = "") -> Request:
    """A run of a project of its own."""
    checkout = folder / "checkout"
    checkout.mkdir(parents=True)
    (checkout / "main.tf").write_text(MAIN)
    if lock_file:
        (checkout / LOCK_FILE).write_text(lock_file)
    return Request(WorkArea(checkout, ".", folder / "data"), network=Network.OPEN)


@pytest.fixture
def running(downloading: Runner, tmp_path: Path) -> Iterator[Path]:
    """A shared package whose program runs, as while another project is planned."""
    downloading.init(request_in(tmp_path / "first"))
    program = downloading.cache.packages / PLACE / PROGRAM
    with subprocess.Popen([program, "60"]) as process:
        yield program
        process.kill()


def test_many_at_once_on_a_cold_cache(downloading: Runner, tmp_path: Path) -> None:
    """All succeed, and there is one package, which all of them link to."""
    requests = [request_in(tmp_path / str(number)) for number in range(6)]

    with ThreadPoolExecutor(max_workers=6) as pool:
        list(pool.map(downloading.init, requests))

    shared = downloading.cache.packages / PLACE
    assert [place for place, _ in packages_in(downloading.cache.packages)] == [PLACE]
    for request in requests:
        data = request.area.terraform_data
        assert (data / "providers" / PLACE).resolve() == shared.resolve()


@pytest.mark.parametrize("committed", [True, False], ids=["lock file", "no lock file"])
def test_a_provider_that_runs_is_not_written_to(
    downloading: Runner, running: Path, tmp_path: Path, *, committed: bool
) -> None:
    """No "text file busy": what is there is used, or another copy is made."""
    before = running.stat()
    lock_file = (tmp_path / "first" / "checkout" / LOCK_FILE).read_text() if committed else ""

    downloading.init(request_in(tmp_path / "second", lock_file))

    after = running.stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_lock_file_of_another_platform_gets_a_copy_of_its_own(
    downloading: Runner, running: Path, tmp_path: Path
) -> None:
    """Where the lock file vouches only for the packed form, Terraform unpacks and checks that."""
    text = (tmp_path / "first" / "checkout" / LOCK_FILE).read_text()
    [ours] = locked_providers(text)[0].hashes
    archive = next((tmp_path / "registry").rglob("*.zip"))
    packed = f"zh:{hashlib.sha256(archive.read_bytes()).hexdigest()}"
    request = request_in(tmp_path / "second", text.replace(ours, packed))

    downloading.init(request)

    link = request.area.terraform_data / "providers" / PLACE / PROGRAM
    assert link.resolve() != running.resolve()
    assert link.read_bytes() == running.read_bytes()


def test_the_hash_is_that_of_lock_files(downloading: Runner, running: Path, tmp_path: Path) -> None:
    """What we compute of a package is what Terraform wrote."""
    text = (tmp_path / "first" / "checkout" / LOCK_FILE).read_text()

    [provider] = locked_providers(text)

    assert provider.place == PLACE.rpartition("/")[0]
    assert provider.hashes == {package_hash(running.parent)}


def test_the_init_of_a_known_lock_file_waits_for_nobody(
    downloading: Runner, running: Path, tmp_path: Path
) -> None:
    """While one holds the cache, another with all it needs goes on; the rest can be cancelled."""
    text = (tmp_path / "first" / "checkout" / LOCK_FILE).read_text()

    def never() -> bool:
        return False

    with downloading.cache.lent(tmp_path / "own", None, never):
        downloading.init(request_in(tmp_path / "second", text))
        with (
            pytest.raises(RunCancelledError),
            downloading.cache.lent(tmp_path / "other", None, lambda: True),
        ):
            pass


def test_what_a_failed_init_left_is_not_shared(tmp_path: Path) -> None:
    """Half a package never reaches another project."""
    cache, own = ProviderCache(tmp_path / "cache"), tmp_path / "own"

    def fail() -> None:
        (own / PLACE).mkdir(parents=True)
        (own / PLACE / PROGRAM).write_text("half")
        raise RunCancelledError("stopped")

    with pytest.raises(RunCancelledError), cache.lent(own, None, lambda: False):
        fail()

    assert not list(packages_in(cache.packages))


def test_a_cache_that_lost_a_race_keeps_the_winners(tmp_path: Path) -> None:
    """Two that unpacked the same package: one is shared, the other serves its own area."""
    cache = ProviderCache(tmp_path / "cache")
    own = tmp_path / "own"
    [package] = locked_providers(
        'provider "registry.terraform.io/acme/tiny" {\n  version = "1.0.0"\n  hashes = []\n}\n'
    )

    with cache.lent(own, None, lambda: False):
        (own / package.place / "linux_amd64").mkdir(parents=True)
        (own / package.place / "linux_amd64" / PROGRAM).write_text("first")
        shared = cache.packages / package.place / "linux_amd64"
        shared.mkdir(parents=True)
        (shared / PROGRAM).write_text("faster")

    assert (shared / PROGRAM).read_text() == "faster"
    assert (own / package.place / "linux_amd64" / PROGRAM).read_text() == "first"
