"""`make demo`: the main job on embedded defaults, then a page to try it by hand."""

import os
import signal
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from demo import stack
from demo.display import Display
from demo.stack import ROOT, StackError
from demo.story import Story, StoryError
from terraform.mirror import find_mirror, usual_roots

MISSING_PROVIDER = (
    "The AWS provider is not in a local mirror; Terraform will try to fetch it from its registry. "
    "Where that can't be reached, put `terraform providers mirror` output in a folder and name it "
    "in LOCKGATE_PROVIDER_MIRROR."
)


def main(
    *,
    once: Annotated[bool, typer.Option("--once", help="End after the story.")] = False,
    folder: Annotated[Path, typer.Option(help="Where the demo keeps its data.")] = ROOT
    / ".lockgate"
    / "demo",
) -> None:
    """Play the main job from an issue to a healthy cluster, with real parts on this machine."""
    console = Console()
    begun = time.monotonic()
    if find_mirror(os.environ, usual_roots(Path.home())) is None:
        console.print(MISSING_PROVIDER, highlight=False)
    display = Display(console)
    try:
        with ExitStack() as parts:
            with display.shown():
                with display.step("every part of it starts on this machine"):
                    running = stack.running(folder, say=display.waiting)
                    here = parts.enter_context(running)
                pr = Story(here, display).tell()
            console.print(f"\nAll of it happened, in {time.monotonic() - begun:.0f} s.")
            address = f"{here.hub.url}/{pr.repo.full_name}/pull/{pr.issue.number}"
            console.print(f"Look at it: {address}", highlight=False, soft_wrap=True)
            if not once:
                _stay(console, here.hub.url)
    except (StoryError, StackError) as exc:
        console.print(f"\nThe demo stopped: {exc}", style="red", markup=False, soft_wrap=True)
        console.print(f"The logs are in {folder / 'logs'}.", highlight=False, soft_wrap=True)
        raise typer.Exit(1) from exc


def _stay(console: Console, url: str) -> None:
    """Keep everything running until the person has seen enough."""
    console.print(
        f"Try it by hand: {url}/acme/infra/issues/new asks for something of your own; the top of "
        "the page chooses whether you are alice, bob or mallory. Ctrl-C ends it.",
        highlight=False,
        soft_wrap=True,
    )
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    ended.wait()


if __name__ == "__main__":
    typer.run(main)
