"""The process that takes the text out of pages: hostile bytes in, title and text out.

It has no network where the kernel allows that, no environment, and a limit on memory; who asks
ends it where it takes too long.
"""

import ctypes
import resource
import sys
from typing import Any

import trafilatura
from trafilatura.utils import load_html

from bot.child import answer_questions
from bot.page_messages import MARKUP, PageHead, PageText

CLONE_NEWUSER = 0x10000000
CLONE_NEWNET = 0x40000000
MEMORY_BYTES = 1024**3


def main() -> None:
    """Answer questions; the argument is the descriptor."""
    confine()
    answer_questions(sys.argv[1:], answer)


def confine() -> None:
    """Limit this process, and take its network away where the kernel allows it."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    library = ctypes.CDLL(None)
    if library.unshare(CLONE_NEWNET) != 0:
        library.unshare(CLONE_NEWUSER | CLONE_NEWNET)


def answer(question: bytes) -> bytes:
    """The text of one page; empty where it has none."""
    line, _, body = question.partition(b"\n")
    head = PageHead.model_validate_json(line)
    if head.media_type not in MARKUP:
        return PageText(title="", text=_decoded(body, head.charset)).model_dump_json().encode()
    tree = load_html(_decoded(body, head.charset) if head.charset else body)
    page = PageText(title="", text="") if tree is None else _page(tree)
    return page.model_dump_json().encode()


def _decoded(body: bytes, charset: str | None) -> str:
    try:
        return body.decode(charset or "utf-8", errors="replace")
    except LookupError:
        return body.decode("utf-8", errors="replace")


def _page(tree: Any) -> PageText:
    title = " ".join(str(tree.findtext(".//title") or "").split())
    text = trafilatura.extract(
        tree, output_format="markdown", include_comments=False, favor_recall=True
    )
    # What is no article has text all the same.
    return PageText(title=title, text=text or trafilatura.html2txt(tree))


if __name__ == "__main__":
    main()
