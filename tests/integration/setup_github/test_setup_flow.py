"""The App manifest flow against the hub's pages, with a real browser: from nothing to a doctor."""

import os
import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from queue import Queue

import httpx
import pytest
from dotenv import dotenv_values
from playwright.sync_api import Browser, Page, expect, sync_playwright

from bot.app_manifest import read_manifest
from bot.github import GitHubClient
from bot.settings import read
from bot.setup_github.flow import Wanted, register
from bot.setup_github.page import refused, registered, to_github
from hub.pages import routes
from hub.seed import Acme, Registration, seed_acme
from hub.server import HubServer

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
REQUIRED = "LOCKGATE_TEST_REQUIRE_BROWSER"
MANIFEST: dict[str, object] = {"name": "Another", "url": "https://another.example"}
CONTRAST = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const part = (v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const ground = (each) => {
    for (; each; each = each.parentElement) {
      const colour = parse(getComputedStyle(each).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  return Math.min(...[...document.querySelectorAll("h1, p, a, button")].map((each) => {
    const lights = [parse(getComputedStyle(each).color), ground(each)].map(light);
    return (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
  }));
}"""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubServer]:
    """Return a running hub with its pages."""
    server = HubServer(tmp_path / "git", routes=routes())
    with server:
        yield server


@pytest.fixture
def acme(hub: HubServer) -> Acme:
    """Return acme, whose owner is bob."""
    registration = Registration(MANIFEST, "unused", "made up", "http://127.0.0.1:9/webhook")
    return seed_acme(hub.hub, registration, files={"README.md": "# Infrastructure\n"})


@pytest.fixture
def page() -> Iterator[Page]:
    """Return a page in the system's Chromium; the test fails when it complains to its console."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None and not os.environ.get(REQUIRED):
        pytest.skip(f"no Chromium on PATH; install it, or set {REQUIRED}=1 to insist")
    assert program, f"{REQUIRED} is set and no Chromium is on PATH"
    # Keys are made between two pages, on machines that may be busy.
    expect.set_options(timeout=60_000)
    with sync_playwright() as playwright:
        browser: Browser = playwright.chromium.launch(executable_path=program, args=FLAGS)
        shown = browser.new_page()
        complaints: list[str] = []
        shown.on(
            "console", lambda said: complaints.append(said.text) if said.type == "error" else None
        )
        yield shown
        browser.close()
    assert complaints == []


def test_an_app_is_registered_and_installed_in_a_browser(
    hub: HubServer, acme: Acme, page: Page, tmp_path: Path
) -> None:
    """The page goes to GitHub by itself, a person confirms, and the settings work."""
    environ = {"LOCKGATE_GITHUB_URL": hub.url, "LOCKGATE_GITHUB_API_URL": f"{hub.url}/api/v3"}
    file = tmp_path / ".env"
    wanted = Wanted("acme", "https://lockgate.example", "", file, 0, timedelta(minutes=2))
    shown: Queue[str] = Queue()
    page.goto(hub.url)
    page.locator(".persona summary").click()
    page.get_by_role("button", name=re.compile("^bob ")).click()

    with ThreadPoolExecutor(1) as threads:
        ending = threads.submit(
            register, wanted, read(environ, for_github=False), environ, shown.put
        )
        page.goto(shown.get(timeout=60))
        expect(page.get_by_role("heading", level=1)).to_have_text("Create GitHub App for acme")
        expect(page.get_by_label("GitHub App name")).to_have_value("lockgate-acme")
        page.get_by_label("GitHub App name").fill("Acme's Lockgate")
        page.get_by_role("button", name="Create GitHub App").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Acme's Lockgate is registered")
        said = ending.result(timeout=60)
    page.get_by_role("link", name="Install it on repositories").click()
    page.get_by_role("button", name="Install on acme").click()
    expect(page.get_by_text("Installed on acme, on all repositories.")).to_be_visible()

    settings = read({name: value or "" for name, value in dotenv_values(file).items()})
    github = GitHubClient(
        api_url=str(settings.github_api_url),
        app_id=settings.app_id or 0,
        private_key=settings.private_key_pem(),
        transport=httpx.HTTPTransport(),
    )
    made = github.app("GET", "/app")
    assert (made["name"], made["id"]) == ("Acme's Lockgate", settings.app_id)
    assert made["permissions"] == read_manifest().default_permissions
    assert made["installations_count"] == 1
    config = github.app("GET", "/app/hook/config")
    assert config["url"] == "https://lockgate.example/webhook"
    assert f"{hub.url}/apps/acme-s-lockgate/installations/new" in said
    assert file.stat().st_mode & 0o777 == 0o600
    assert {each.name for each in tmp_path.iterdir()} == {".env", "git"}


def test_a_code_that_github_does_not_know_ends_the_set_up(
    hub: HubServer, acme: Acme, tmp_path: Path
) -> None:
    """The browser and the terminal say so, and no file is left."""
    environ = {"LOCKGATE_GITHUB_URL": hub.url, "LOCKGATE_GITHUB_API_URL": hub.url}
    wanted = Wanted("", "https://l.example", "", tmp_path / ".env", 0, timedelta(minutes=2))
    shown: Queue[str] = Queue()

    with ThreadPoolExecutor(1) as threads, httpx.Client(trust_env=False, timeout=20) as browser:
        settings = read(environ, for_github=False)
        ending = threads.submit(register, wanted, settings, environ, shown.put)
        address = shown.get(timeout=60)
        state = re.search(r"state=([\w-]+)", browser.get(address).text)
        assert state
        back = address.rsplit("/", 1)[0] + "/callback"
        answer = browser.get(back, params={"code": "made-up", "state": state[1]})
        problem = ending.exception(timeout=60)

    assert answer.status_code == 502
    assert "does not know this code" in answer.text
    assert "does not know this code" in str(problem)
    assert [each.name for each in tmp_path.iterdir()] == ["git"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_pages_can_be_read_and_fit(page: Page, scheme: str) -> None:
    """In both schemes, on a narrow screen: enough contrast, nothing to scroll sideways."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    page.set_viewport_size({"width": 360, "height": 740})
    way = to_github({"name": "lockgate"}, "https://github.com/organizations/acme/settings/apps/new")
    pages = {
        "way": re.sub(r"<script.*</script>", "", way.text),
        "done": registered("lockgate-acme", "https://github.com/apps/x/installations/new").text,
        "refused": refused("GitHub does not know this code (any more). Run this again.").text,
    }

    for name, text in pages.items():
        page.set_content(text)
        assert page.evaluate(CONTRAST) >= 4.5, name
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, name
        if folder := os.environ.get("LOCKGATE_TEST_SCREENSHOTS"):
            page.screenshot(path=f"{folder}/setup-{name}-{scheme}.png")
