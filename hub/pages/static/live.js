// Keeps the page current while it is looked at, and says that a press was heard.
// Without it everything works by reloading.
"use strict";

const PERIOD_MS = 1500;
const SLOWEST_MS = 20000;
let version = "";
let wait = PERIOD_MS;
const shown = new Map();

for (const region of document.querySelectorAll("[data-live]")) shown.set(region.id, region.innerHTML);

function rememberState(region) {
  const active = document.activeElement;
  return {
    focus: region.contains(active) ? active.id || active.getAttribute("href") : null,
    open: [...region.querySelectorAll("details")].map((each) => each.open),
    scroll: [...region.querySelectorAll("pre, .scroll")].map((each) => [each.scrollLeft, each.scrollTop]),
    chosen: [...region.querySelectorAll("select")].map((each) => each.value),
  };
}

function restoreState(region, kept) {
  region.querySelectorAll("details").forEach((each, index) => {
    if (index in kept.open) each.open = kept.open[index];
  });
  region.querySelectorAll("pre, .scroll").forEach((each, index) => {
    if (index in kept.scroll) [each.scrollLeft, each.scrollTop] = kept.scroll[index];
  });
  region.querySelectorAll("select").forEach((each, index) => {
    if (index in kept.chosen) each.value = kept.chosen[index];
  });
  if (!kept.focus) return;
  const links = [...region.querySelectorAll("a, button, select, summary")];
  links.find((each) => each.id === kept.focus || each.getAttribute("href") === kept.focus)?.focus({ preventScroll: true });
}

function refresh(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  document.title = fresh.title;
  for (const region of fresh.querySelectorAll("[data-live]")) {
    const here = document.getElementById(region.id);
    if (!here || shown.get(region.id) === region.innerHTML) continue;
    shown.set(region.id, region.innerHTML);
    const kept = rememberState(here);
    here.replaceChildren(...region.childNodes);
    restoreState(here, kept);
  }
}

async function follow() {
  if (document.visibilityState === "visible") {
    try {
      const answer = await fetch(location.pathname + location.search, { headers: { "x-live": version } });
      if (answer.status === 200) {
        version = answer.headers.get("x-version") ?? "";
        refresh(await answer.text());
      }
      wait = PERIOD_MS;
    } catch {
      wait = Math.min(wait * 2, SLOWEST_MS);
    }
  }
  setTimeout(follow, wait);
}

if (document.body.hasAttribute("data-follow")) setTimeout(follow, PERIOD_MS);

document.addEventListener("submit", (event) => {
  if (event.target.method !== "post") return;
  // After the browser has read the form: a disabled button is not sent.
  setTimeout(() => {
    for (const button of event.target.querySelectorAll("button")) button.disabled = true;
    event.submitter?.setAttribute("aria-busy", "true");
  });
});

window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

function closeMenus(except) {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
}

document.addEventListener("click", (event) => closeMenus(event.target.closest("details.menu")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = document.activeElement.closest("details.menu[open]");
  closeMenus(null);
  menu?.querySelector("summary").focus();
});
