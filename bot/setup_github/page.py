"""The pages a browser shows during the set-up: on the way to GitHub, and back from it."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from jinja2 import Environment, StrictUndefined

STYLE = """
:root { color-scheme: light dark; --ground: #f6f7f9; --card: #fff; --text: #1b1f24;
  --quiet: #57606a; --line: #d5dae0; --accent: #1f5fbf; --on-accent: #fff; }
@media (prefers-color-scheme: dark) { :root { --ground: #13161b; --card: #1b2027;
  --text: #e6e9ee; --quiet: #9aa5b1; --line: #323a45; --accent: #7fb0ff; --on-accent: #0d1117; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 24px;
  background: var(--ground); color: var(--text);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
main { width: 100%; max-width: 560px; padding: 32px; background: var(--card);
  border: 1px solid var(--line); border-radius: 12px; }
.brand { display: flex; gap: 8px; align-items: center; margin: 0 0 24px; color: var(--quiet);
  font-size: 14px; }
h1 { margin: 0 0 8px; font-size: 22px; line-height: 1.3; }
p { margin: 0 0 16px; }
.quiet { color: var(--quiet); font-size: 14px; margin: 16px 0 0; overflow-wrap: anywhere; }
.button { display: inline-block; border: 0; border-radius: 8px; padding: 10px 18px; font: inherit;
  font-weight: 600; background: var(--accent); color: var(--on-accent); text-decoration: none;
  cursor: pointer; }
.button:focus-visible { outline: 3px solid var(--text); outline-offset: 2px; }
"""
PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }} · Lockgate</title>
<link rel="icon" href="data:,">
<style nonce="{{ nonce }}">{{ style }}</style>
</head>
<body>
<main>
<p class="brand"><svg viewBox="0 0 24 24" width="22" height="22" aria-hidden="true"><path d="M4 21V9a8 8 0 0 1 16 0v12M9 21V10M15 21V10M2 21h20M4 14h16" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round"/></svg>Lockgate</p>
<h1>{{ title }}</h1>
<p>{{ text }}</p>
{% if manifest %}
<form id="go" method="post" action="{{ address }}">
<input type="hidden" name="manifest" value="{{ manifest }}">
<button class="button">Continue to GitHub</button>
</form>
<p class="quiet">You go to {{ address.split("?")[0] }}, and come back here.</p>
<script nonce="{{ nonce }}">document.getElementById("go").submit();</script>
{% elif address %}
<a class="button" href="{{ address }}">Install it on repositories</a>
{% endif %}
</main>
</body>
</html>
"""  # noqa: E501 -- the icon is one line
TEMPLATE = Environment(
    autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
).from_string(PAGE)


@dataclass(frozen=True, slots=True)
class Page:
    """A page and the policy it is served under."""

    text: str
    policy: str


def to_github(manifest: Mapping[str, object], address: str) -> Page:
    """The page whose form carries the manifest to GitHub; it sends itself."""
    return _page(
        "On to GitHub",
        "GitHub shows what the App may do, asks for its name, and sends you back here.",
        address=address,
        manifest=json.dumps(manifest),
    )


def registered(name: str, install_url: str) -> Page:
    """The page after it went well."""
    return _page(
        f"{name} is registered",
        "Its settings were written on the machine where the command runs. The terminal says what "
        "comes next; the first step is to install the App.",
        address=install_url,
    )


def refused(text: str) -> Page:
    """The page after it did not."""
    return _page("This did not work", text)


def _page(title: str, text: str, *, address: str = "", manifest: str = "") -> Page:
    nonce = secrets.token_urlsafe(16)
    parts = urlsplit(address)
    target = f"{parts.scheme}://{parts.netloc}" if manifest else "'none'"
    policy = (
        f"default-src 'none'; img-src data:; style-src 'nonce-{nonce}'; "
        f"script-src 'nonce-{nonce}'; form-action {target}; base-uri 'none'; "
        "frame-ancestors 'none'"
    )
    shown = TEMPLATE.render(
        title=title, text=text, address=address, manifest=manifest, nonce=nonce, style=STYLE
    )
    return Page(shown, policy)
