"""The pages in a real browser: by mouse, by keyboard, in the dark, on a narrow screen."""

import os
import re
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.integration.hub_pages.story import Story

REPO = "/acme/infrastructure"
NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
REQUIRED = "LOCKGATE_TEST_REQUIRE_BROWSER"
NARROW, WIDE = 360, 1200
# The ratio of a text's colour to what is really painted behind it, for every visible text.
CONTRASTS = """() => {
  const parse = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const part = (value) => {
    value /= 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  const ground = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const colour = parse(getComputedStyle(each).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || !element.checkVisibility() || element.closest("[aria-hidden=true], svg")) continue;
    const lights = [parse(getComputedStyle(element).color), ground(element)].map(light);
    const ratio = (Math.max(...lights) + 0.05) / (Math.min(...lights) + 0.05);
    const said = element.textContent.trim().slice(0, 40);
    if (ratio < 4.5) found.push(`${ratio.toFixed(2)} ${element.className} ${said}`);
  }
  return found;
}"""
UNNAMED = """() =>
  [...document.querySelectorAll("a, button, summary, input:not([type=hidden]), select, textarea")]
  .filter((each) => each.checkVisibility())
  .filter((each) => !(each.textContent.trim() || each.ariaLabel || each.labels?.length))
  .map((each) => each.outerHTML)"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return the system's Chromium; without one these tests are skipped, or fail if required."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None and not os.environ.get(REQUIRED):
        pytest.skip(f"no Chromium on PATH; install it, or set {REQUIRED}=1 to insist")
    assert program, f"{REQUIRED} is set and no Chromium is on PATH"
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture
def page(browser: Browser, told: Story) -> Iterator[Page]:
    """Return a page of the story's hub; the test fails when the page complains to its console."""
    context = browser.new_context(
        base_url=told.server.url, viewport={"width": WIDE, "height": 900}, color_scheme="light"
    )
    shown = context.new_page()
    complaints: list[str] = []
    shown.on("pageerror", lambda error: complaints.append(str(error)))
    shown.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    yield shown
    context.close()
    assert complaints == []


def addresses(told: Story) -> list[str]:
    """Return the pages that show the most."""
    return [
        "/",
        REPO,
        f"{REPO}/issues/new",
        f"{REPO}/issues/new?template=s3-bucket.yml",
        told.path,
        f"{told.path}/files",
        f"{told.path}/checks/{told.project.id}",
        f"{REPO}/blob/main/live/main.tf",
    ]


def act_as(page: Page, login: str) -> None:
    """Choose a person from the menu."""
    page.locator(".persona summary").click()
    page.get_by_role("button", name=re.compile(f"^{login} ")).click()
    expect(page.locator(".persona summary")).to_contain_text(login)


def test_a_request_travels_from_form_to_merge(told: Story, page: Page) -> None:
    """Alice files and comments; bob presses Approve; the page follows along and he merges."""
    page.goto(f"{REPO}/issues/new")
    page.get_by_role("link", name="Private S3 bucket").click()
    page.get_by_label("Title").fill("Private S3 bucket: reports")
    page.get_by_label("Bucket name").fill("acme-reports")
    page.get_by_label("Nobody outside Acme").check()
    page.get_by_role("button", name="File the issue").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Private S3 bucket: reports #3")

    page.goto(told.path)
    page.get_by_label("Comment", exact=True).fill("/plan")
    page.get_by_role("button", name="Comment", exact=True).click()
    expect(page.locator(".post").last).to_contain_text("/plan")

    act_as(page, "bob")
    page.goto(f"{told.path}/checks/{told.project.id}")
    page.get_by_role("button", name="Approve").click()
    expect(page.get_by_text("“Approve” was sent to Lockgate")).to_be_visible()

    page.goto(told.path)
    merge = page.get_by_role("button", name="Merge pull request")
    expect(merge).to_be_disabled()
    told.pass_required()
    expect(merge).to_be_enabled()
    merge.click()
    expect(page.locator(".pill").first).to_have_text("Merged")
    assert told.pr.pull.merged_by is told.acme.platform_engineer


def test_a_check_is_followed_without_losing_ones_place(told: Story, page: Page) -> None:
    """A running check changes under the reader: words, spinner, buttons; the focus stays."""
    hub, acme = told.server.hub, told.acme
    page.goto(f"{told.path}/checks/{told.summary.id}")
    expect(page.locator("#run .pill")).to_have_text("In progress")
    followed = page.locator("#runs a").first
    followed.focus()

    told.pass_required()
    expect(page.locator("#run .pill")).to_have_text("Passed")
    expect(followed).to_be_focused()
    hub.issues.comment(acme.repo, told.pr.issue, by=acme.app.bot, body="Applied by the bot.")
    page.goto(told.path)
    page.get_by_label("Comment", exact=True).fill("half a sent")
    hub.issues.comment(acme.repo, told.pr.issue, by=acme.app.bot, body="One more thing.")
    expect(page.get_by_text("One more thing.")).to_be_visible()
    expect(page.get_by_label("Comment", exact=True)).to_have_value("half a sent")


def test_everything_works_from_the_keyboard(told: Story, page: Page) -> None:
    """Skip link, menu, a press and a comment without a mouse, and the focus can be seen."""
    page.goto(f"{told.path}/checks/{told.project.id}")
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    assert _outline(skip) != "none"
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_be_focused()

    page.locator(".persona summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".persona summary")).to_contain_text("bob")

    page.locator(".persona summary").focus()
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    expect(page.locator(".persona summary")).to_be_focused()
    expect(page.locator(".persona form")).to_be_hidden()

    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.id") == "action-approve":
            break
    focused = page.locator("#action-approve")
    expect(focused).to_be_focused()
    assert _outline(focused) != "none"
    page.keyboard.press("Enter")
    expect(page.get_by_text("“Approve” was sent to Lockgate")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_can_be_read_and_controls_have_names(told: Story, page: Page, scheme: str) -> None:
    """As painted: 4.5 to 1 for every text, a name for every control, in both schemes."""
    page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    for address in addresses(told):
        page.goto(address)
        assert page.evaluate(CONTRASTS) == [], address
        assert page.evaluate(UNNAMED) == [], address
    ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert (ground == "rgb(19, 22, 27)") == (scheme == "dark")


def test_nothing_scrolls_sideways_on_a_narrow_screen(told: Story, page: Page) -> None:
    """At 360 pixels only tables and code scroll, inside themselves."""
    page.set_viewport_size({"width": NARROW, "height": 740})
    for address in addresses(told):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW, address
        page.locator(".persona summary").click()
        assert page.evaluate("document.documentElement.scrollWidth") <= NARROW, address
        box = page.locator(".persona form").bounding_box()
        assert box is not None
        assert box["x"] >= 0, address


def test_motion_stops_for_those_who_ask(told: Story, page: Page) -> None:
    """The spinner stands still under reduced motion."""
    page.emulate_media(reduced_motion="reduce")
    page.goto(told.path)

    spinner = page.locator(".icon.busy").first
    assert spinner.evaluate("(each) => getComputedStyle(each).animationName") == "none"


def test_it_works_without_scripts(browser: Browser, told: Story) -> None:
    """A comment is sent and seen by plain forms and reloads."""
    context = browser.new_context(base_url=told.server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(told.path)
    page.get_by_label("Comment", exact=True).fill("/help")
    page.get_by_role("button", name="Comment", exact=True).click()

    expect(page.locator(".post").last).to_contain_text("/help")
    context.close()


def _outline(element: Locator) -> str:
    return str(element.evaluate("(each) => getComputedStyle(each).outlineStyle"))
