"""Measures how long it takes to select the projects of a change in a very large repository.

Run from the repository: `python benchmarks/selection.py [--rounds N]`. It generates a repository of
10,000 directories with 40,000 files, fetches it as the workers do, and selects what a change of a
module deep down, of a root and of a shared file touches.
"""

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from bot.blobs import text_of
from bot.mirror import Mirror
from bot.sources import Sources
from handlers.configuration import Configuration
from handlers.events import RepoName, Sha
from terraform.blocks import blocks, is_read
from terraform.layout import Layout, layout
from terraform.projects import discover, touched

LIMIT_SECONDS = 0.3
ROOTS, MODULES, SERVICES = 4_000, 3_000, 3_000
REPO = RepoName("acme/monorepo")
CHANGED = ("modules/m0007/main.tf", "live/team-03/service-0123/main.tf", "shared/policy-5.json")

ROOT = """# What service {n} of its team runs on.
locals {{
  name = "${{var.environment}}-service-{n}"
  tags = merge(var.tags, {{ service = "{n}", owner = "team" }})
}}

module "network" {{
  source = "../../../modules/m{a:04}"

  name       = local.name
  cidr_block = var.cidr_block
  tags       = local.tags
}}

module "database" {{
  source = "../../../modules/m{b:04}"

  name           = "${{local.name}}-db"
  subnet_ids     = module.network.private_subnet_ids
  instance_class = var.instance_class
  parameters     = templatefile("${{path.module}}/parameters.tpl", {{ name = local.name }})
}}

resource "aws_sqs_queue" "jobs" {{
  name                       = "${{local.name}}-jobs"
  visibility_timeout_seconds = 60
  policy                     = file("${{path.module}}/../../../shared/policy-{p}.json")
  tags                       = local.tags
}}
"""
BACKEND = """terraform {{
  required_version = ">= 1.5"
  required_providers {{
    aws = {{ source = "hashicorp/aws", version = "~> 5.0" }}
  }}
  backend "s3" {{
    bucket = "acme-state"
    key    = "service-{n}/terraform.tfstate"
    region = "eu-west-1"
  }}
}}

provider "aws" {{
  region = var.region
}}
"""
MODULE = """# Module {n}.
module "inner" {{
  source = "../m{a:04}"
  count  = var.nested ? 1 : 0
  name   = var.name
}}

resource "aws_s3_bucket" "this" {{
  bucket = "${{var.name}}-{n}"
  tags   = var.tags
}}

resource "aws_s3_bucket_versioning" "this" {{
  bucket = aws_s3_bucket.this.id
  versioning_configuration {{
    status = "Enabled"
  }}
}}
"""
VARIABLE = """variable "value_{i}" {{
  description = "Value {i} of {n}, as whoever calls it wants it to be."
  type        = string
  default     = "{i}"
}}

"""
OUTPUT = 'output "arn" {{\n  description = "Of {n}."\n  value       = aws_s3_bucket.this.arn\n}}\n'


def monorepo() -> Iterator[tuple[str, str]]:
    """Every file with its text."""
    for n in range(ROOTS):
        folder = f"live/team-{n % 40:02}/service-{n:04}"
        yield f"{folder}/main.tf", ROOT.format(n=n, a=n % MODULES, b=n * 7 % MODULES, p=n % 50)
        yield f"{folder}/backend.tf", BACKEND.format(n=n)
        yield f"{folder}/variables.tf", "".join(VARIABLE.format(n=n, i=i) for i in range(6))
        yield f"{folder}/prod.auto.tfvars", f'cidr_block = "10.{n % 250}.0.0/16"\n'
    for n in range(MODULES):
        folder = f"modules/m{n:04}"
        # Each module calls the one a third on, so that chains are deep and go in a circle.
        yield f"{folder}/main.tf", MODULE.format(n=n, a=(n + MODULES // 3) % MODULES)
        yield f"{folder}/versions.tf", f'terraform {{\n  required_version = ">= 1.{n % 9}"\n}}\n'
        yield f"{folder}/variables.tf", "".join(VARIABLE.format(n=n, i=i) for i in range(5))
        yield f"{folder}/outputs.tf", OUTPUT.format(n=n)
        yield f"{folder}/README.md", f"# Module {n}\n"
    for n in range(SERVICES - 1):
        folder = f"services/{n:04}"
        yield f"{folder}/app.py", f"print({n})\n" * 40
        yield f"{folder}/deployment.yaml", f"kind: Deployment\nname: service-{n}\n" * 10
        yield f"{folder}/README.md", f"# Service {n}\n"
    for n in range(3):
        yield f"shared/policy-{n + 4}.json", f'{{"Version": "2012-10-17", "Id": "{n}"}}\n'


def make(folder: Path) -> tuple[Sha, Sha]:
    """A repository with the whole, and a commit after it that changes a few files."""
    git(folder, "init", "--quiet", "--bare", "--initial-branch=main")
    git(folder, "config", "uploadpack.allowAnySHA1InWant", "true")
    stream = [commit("main", "All of it", monorepo())]
    stream.append(commit("main", "A change", ((path, f"# {path}\n") for path in CHANGED[::2])))
    git(folder, "fast-import", "--quiet", text=b"".join(stream))
    tip = git(folder, "rev-parse", "main").decode().strip()
    before = git(folder, "rev-parse", "main^").decode().strip()
    return Sha(before), Sha(tip)


def commit(branch: str, message: str, files: Iterable[tuple[str, str]]) -> bytes:
    """One commit for git's fast-import."""
    parts = [f"commit refs/heads/{branch}\ncommitter a <a@b> 1700000000 +0000\n", data(message)]
    parts += [f"M 100644 inline {path}\n{data(text)}" for path, text in files]
    return "".join(parts).encode()


def data(text: str) -> str:
    """A text as fast-import takes it."""
    return f"data {len(text.encode())}\n{text}\n"


def git(folder: Path, *arguments: str, text: bytes = b"") -> bytes:
    """Run git in the generated repository."""
    command = ("git", "-C", str(folder), *arguments)
    done = subprocess.run(command, input=text, capture_output=True, check=True)
    return done.stdout


def select(found: Layout) -> tuple[int, int]:
    """How many projects there are, and how many of them the change touches."""
    configuration = Configuration.default()
    projects = configuration.known_projects(discover(found))
    globs = configuration.when_modified(projects)
    return len(projects), len(touched(projects, CHANGED, found, when_modified=globs))


def measured(rounds: int, act: Callable[[], object]) -> tuple[float, float]:
    """The median of wall-clock and processor seconds."""
    walls, processors = [], []
    for _ in range(rounds):
        wall, processor = time.perf_counter(), time.process_time()
        act()
        walls.append(time.perf_counter() - wall)
        processors.append(time.process_time() - processor)
    return statistics.median(walls), statistics.median(processors)


def line(what: str, seconds: tuple[float, float], limit: float | None = None) -> None:
    """One figure, with the limit beside it as a ratio where there is one.

    The limit is held against the processor's time: where nothing else runs, the clock shows it too.
    """
    beside = f"   {seconds[1] / limit:.2f} of {limit:g} s" if limit else ""
    print(f"{what:<58} {seconds[0]:7.3f} s wall {seconds[1]:7.3f} s processor{beside}")


def main() -> None:
    """Generate, fetch, and print each part."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, load {load:.1f}")
    with tempfile.TemporaryDirectory() as place:
        source = Path(place, "hub", f"{REPO}.git")
        source.mkdir(parents=True)
        before, tip = make(source)

        def fresh() -> Sources:
            url = Path(place, "hub").as_uri()
            return Sources(folder=Path(place, "mirrors"), git_url=url, token=lambda _: "none")

        sources = fresh()
        tree = sources.tree(REPO, before)
        directories = {path.rpartition("/")[0] for path in tree.paths}
        print(f"{len(directories)} directories, {len(tree.paths)} files")
        print("\nReading the tree from git: one command lists it, one more reads new contents")
        line("the list of a commit", measured(rounds, lambda: fresh().tree(REPO, tip).paths))
        line("all contents and selection, nothing known", measured(1, lambda: select(tree.layout)))
        newer = sources.tree(REPO, tip)
        line("the next commit, list and selection", measured(1, lambda: select(newer.layout)))
        in_memory(
            Mirror("git", Path(place, "mirrors", f"{REPO}.git"), dict(os.environ)), tip, rounds
        )


def in_memory(mirror: Mirror, tip: Sha, rounds: int) -> None:
    """Print what selection costs once the tree is read."""
    listed = mirror.output("ls-tree", "-r", "--full-tree", tip).decode().splitlines()
    ids = {path: head.split()[2] for head, _, path in (each.partition("\t") for each in listed)}
    contents = dict(mirror.blobs(blob for path, blob in ids.items() if is_read(path)))
    texts = {path: text_of(contents[blob]) or "" for path, blob in ids.items() if is_read(path)}
    size = sum(map(len, texts.values())) / 1e6
    scanned = {path: blocks(path, text) for path, text in texts.items()}
    projects, selected = select(layout(scanned, {}))
    print(f"\nOnce it is read: {len(texts)} files of Terraform, {size:.1f} MB")
    print(f"{projects} projects, of which the change touches {selected}")
    known = measured(rounds, lambda: select(layout(scanned, {})))
    line("selection, files known from earlier commits", known, LIMIT_SECONDS)

    def unknown() -> None:
        select(layout({path: blocks(path, text) for path, text in texts.items()}, {}))

    line("selection, no file known", measured(rounds, unknown), LIMIT_SECONDS)


if __name__ == "__main__":
    main()
