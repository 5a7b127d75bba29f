"""Markdown as GitHub shows it, made safe: no HTML but a few bare tags, nothing loaded from outside.

Comments are invisible, `#12` is a link, `@name` is bold, `diff` blocks are coloured by line.
"""

import re
from functools import lru_cache
from html import escape

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup
from mdit_py_plugins.tasklists import tasklists_plugin

COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
# Tags that Markdown authors use bare; with any attribute they are shown as text.
BARE_TAG = re.compile(r"</?(?:details|summary|kbd|sub|sup)>|<br ?/?>", re.IGNORECASE)
REFERENCE = re.compile(
    r"(?<![\w/&#])#(?P<number>[1-9]\d{0,8})\b"
    r"|(?<![\w/@.])@(?P<login>[A-Za-z0-9](?:[A-Za-z0-9-]{0,38}))(?![\w@])"
)
DIFF_KINDS = {"+": "add", "-": "del", "!": "mod", "@": "hunk", "~": "mod"}
HEADING_LOWEST = 6
# The largest text of a check is 64 KB; this many stay rendered.
CACHED = 128


@lru_cache(maxsize=CACHED)
def render(text: str, repo_path: str, heading: int = 3) -> Markup:
    """Render Markdown; `repo_path` is /owner/name and `heading` the level of its top headings."""
    parser = _parser()
    html = parser.render(text, {"repo_path": repo_path, "heading": heading})
    return Markup(html)  # noqa: S704  the parser escapes all text; _bare lets named tags through


@lru_cache(maxsize=1)
def _parser() -> MarkdownIt:
    options = {"html": True, "linkify": True, "breaks": True}
    parser = MarkdownIt("commonmark", options).enable(["table", "strikethrough", "linkify"])
    # Only what says it is an address: main.tf is a file and not a site in the Faroe Islands.
    assert parser.linkify is not None  # noqa: S101  for the types: the option is on
    parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False})
    parser.use(tasklists_plugin)
    parser.core.ruler.after("inline", "bare_html", _keep_bare_html)
    parser.core.ruler.push("references", _link_references)
    parser.core.ruler.push("headings", _level_headings)
    parser.core.ruler.push("checkboxes", _name_checkboxes)
    for kind, rule in RULES.items():
        parser.add_render_rule(kind, rule)
    return parser


def _keep_bare_html(state: StateCore) -> None:
    """Escape raw HTML but for the bare tags; comments vanish."""
    for token in state.tokens:
        if token.type == "html_block":
            token.content = _bare(token.content)
        for child in token.children or ():
            if child.type == "html_inline":
                child.content = _bare(child.content)


def _bare(html: str) -> str:
    kept, end = [], 0
    visible = COMMENT.sub("", html)
    for tag in BARE_TAG.finditer(visible):
        kept += [escape(visible[end : tag.start()]), tag.group().lower()]
        end = tag.end()
    return "".join([*kept, escape(visible[end:])])


def _link_references(state: StateCore) -> None:
    """Link #12 and embolden @name in text that is not inside a link."""
    repo_path = str(state.env.get("repo_path", ""))
    for block in state.tokens:
        if not block.children:
            continue
        depth, children = 0, list[Token]()
        for token in block.children:
            depth += {"link_open": 1, "link_close": -1}.get(token.type, 0)
            plain = token.type == "text" and depth == 0
            children += _referenced(token.content, repo_path) if plain else [token]
        block.children = children


def _referenced(text: str, repo_path: str) -> list[Token]:
    made, end = list[Token](), 0
    for match in REFERENCE.finditer(text):
        made.append(_text(text[end : match.start()]))
        tag = "a" if match["number"] else "strong"
        opened, closed = Token(f"{tag}_open", tag, 1), Token(f"{tag}_close", tag, -1)
        if match["number"]:
            opened.attrSet("href", f"{repo_path}/issues/{match['number']}")
        made += [opened, _text(match.group()), closed]
        end = match.end()
    return [*made, _text(text[end:])]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def _level_headings(state: StateCore) -> None:
    """Move headings below those of the page, without gaps."""
    used = sorted({token.tag for token in state.tokens if token.type == "heading_open"})
    first = int(str(state.env.get("heading", 3)))
    levels = {tag: f"h{min(first + rank, HEADING_LOWEST)}" for rank, tag in enumerate(used)}
    for token in state.tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = levels[token.tag]


def _name_checkboxes(state: StateCore) -> None:
    """Give the boxes of task lists a name that a screen reader can say."""
    for block in state.tokens:
        for token in block.children or ():
            if token.type == "html_inline" and token.content.startswith("<input "):
                said = "done" if "checked=" in token.content else "to do"
                token.content = token.content.replace("<input ", f'<input aria-label="{said}" ', 1)


def _fence(
    _self: RendererHTML, tokens: list[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    token = tokens[index]
    language = token.info.split()[0].lower() if token.info.strip() else ""
    code = _diff(token.content) if language == "diff" else escape(token.content)
    name = f"Code, {language}" if language else "Code"
    return (
        f'<pre class="code{" diff" if language == "diff" else ""}" tabindex="0" role="region" '
        f'aria-label="{escape(name)}"><code>{code}</code></pre>\n'
    )


def _diff(code: str) -> str:
    """Mark the lines of a diff; the kind is the first letter, as on GitHub."""
    lines = code.removesuffix("\n").split("\n")
    return "".join(f'<span class="{_diff_kind(line)}">{escape(line)}\n</span>' for line in lines)


def _diff_kind(line: str) -> str:
    return DIFF_KINDS.get(line[:1], "same")


def _indented(
    _self: RendererHTML, tokens: list[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    code = escape(tokens[index].content)
    opening = '<pre class="code" tabindex="0" role="region" aria-label="Code">'
    return f"{opening}<code>{code}</code></pre>\n"


def _table_open(
    _self: RendererHTML, _tokens: list[Token], _index: int, _options: OptionsDict, _env: EnvType
) -> str:
    return '<div class="scroll" tabindex="0" role="region" aria-label="Table"><table>\n'


def _table_close(
    _self: RendererHTML, _tokens: list[Token], _index: int, _options: OptionsDict, _env: EnvType
) -> str:
    return "</table></div>\n"


def _image(
    _self: RendererHTML, tokens: list[Token], index: int, _options: OptionsDict, _env: EnvType
) -> str:
    """Link an image instead of loading it: the page asks nobody outside for anything."""
    token = tokens[index]
    said = escape(token.content or "image")
    return f'<a href="{escape(str(token.attrGet("src") or ""))}" rel="noreferrer">{said}</a>'


RULES = {
    "fence": _fence,
    "code_block": _indented,
    "table_open": _table_open,
    "table_close": _table_close,
    "image": _image,
}
