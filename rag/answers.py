"""The one comment that answers a request which cannot be drafted yet."""

from collections.abc import Sequence

from rag.catalogue import Catalogue, Module
from rag.forms import FOLDER
from rag.markdown import code
from rag.request import Ambiguous, Missing, OutsideCatalogue, Unclear

EDIT = "Edit the issue and I draft it again."
# A list longer than this is not read; the rest comes up once these are answered.
MOST_POINTS = 20


def answer(outcome: Unclear | OutsideCatalogue | Ambiguous, catalogue: Catalogue) -> str:
    """The Markdown of the comment; nothing in it mentions, links or formats what people wrote."""
    match outcome:
        case Unclear():
            return _unclear(outcome, catalogue[outcome.module])
        case OutsideCatalogue(nearest):
            return _outside([catalogue[name] for name in nearest])
        case Ambiguous(modules):
            return _ambiguous([catalogue[name] for name in modules])


def form_problem(reason: str) -> str:
    """The comment for a form that cannot be read; `reason` is FormError's message."""
    return f"I cannot read this form: {code(reason)}.\n\n{EDIT}\n"


def _unclear(outcome: Unclear, module: Module) -> str:
    parts = [f"I can draft **{module.title}**, but first:"]
    parts += _section("Please tell me", [_missing(entry) for entry in outcome.missing])
    parts += _section(
        "These say different things; keep one",
        [
            f"{code(entry.label)}: {' or '.join(code(quote) for quote in entry.quotes)}"
            for entry in outcome.contradictions
        ],
    )
    parts += _section(
        "These do not fit",
        [
            f"{code(entry.label)}: {code(entry.quote)} — {code(entry.reason)}"
            for entry in outcome.invalid
        ],
    )
    parts += _section(
        "I do not take these from free text, because they weaken security",
        [f"{entry.topic} ({code(entry.quote)}): {entry.remedy}" for entry in outcome.refused],
    )
    return "\n\n".join([*parts, EDIT]) + "\n"


def _missing(entry: Missing) -> str:
    return f"{code(entry.label)}: {code(entry.description)} For example {code(entry.example)}"


def _section(heading: str, points: Sequence[str]) -> list[str]:
    if not points:
        return []
    shown = list(points[:MOST_POINTS])
    if len(points) > MOST_POINTS:
        shown.append(f"and {len(points) - MOST_POINTS} more")
    return [f"**{heading}**", "\n".join(f"- {point}" for point in shown)]


def _outside(nearest: Sequence[Module]) -> str:
    parts = ["The catalogue has no module for this, so I drafted nothing."]
    if nearest:
        parts += ["What comes nearest:", _modules(nearest)]
        parts.append(f"If one of these serves you, say so in the issue. {EDIT}")
    parts.append("Otherwise ask the platform team, or open a pull request with your own Terraform.")
    return "\n\n".join(parts) + "\n"


def _ambiguous(modules: Sequence[Module]) -> str:
    return (
        "One issue becomes one pull request, and this one fits several modules:\n\n"
        f"{_modules(modules)}\n\n"
        f"Keep one of them here and open another issue for the rest. {EDIT}\n"
    )


def _modules(modules: Sequence[Module]) -> str:
    return "\n".join(
        f"- **{module.title}** ({code(f'{FOLDER}/{module.name}.yml')}):"
        f" {' '.join(module.card.summary.split())}"
        for module in modules
    )
