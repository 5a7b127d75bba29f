"""Where a thing is to run, from free words: region and environment."""

import re

from rag.quantities import Region, regions
from rag.request import Argument, Contradiction, FromWords

ENVIRONMENT = re.compile(
    r"\b(?:in|for|on|into|environment:?)\s+(?:the\s+|our\s+)?"
    r"(?P<name>prod(?:uction)?|staging|stage|dev(?:elopment)?|test|sandbox|qa)\b(?!\s+(?:data|team|results))",
    re.IGNORECASE,
)
ENVIRONMENTS = {"prod": "production", "dev": "development", "stage": "staging"}
PLACE_LEADS = re.compile(r"(?:\bin|\bregion|\bnear|[:=])\s*(?:the\s+)?(?:aws\s+)?$", re.IGNORECASE)


def find_region(text: str) -> tuple[Argument | None, tuple[Contradiction, ...]]:
    """The one region `text` names; several are a contradiction."""
    distinct = {region.code: region for region in reversed(regions(text)) if _meant(region, text)}
    found = sorted(distinct.values(), key=lambda region: region.start)
    if len(found) > 1:
        quotes = tuple(text[region.start : region.end] for region in found)
        return None, (Contradiction("Region", quotes),)
    return (_argument(found[0], text) if found else None), ()


def find_environment(text: str) -> Argument | None:
    """The first environment named, in its long form."""
    match = ENVIRONMENT.search(text)
    if match is None:
        return None
    word = match["name"].lower()
    citation = FromWords(match.group(), match.start(), match.end())
    return Argument("environment", ENVIRONMENTS.get(word, word), citation)


def _meant(region: Region, text: str) -> bool:
    """A code always is one; a city is only after "in", "region" and the like."""
    lead = text[max(0, region.start - 24) : region.start]
    return not region.assumption or PLACE_LEADS.search(lead) is not None


def _argument(region: Region, text: str) -> Argument:
    citation = FromWords(text[region.start : region.end], region.start, region.end)
    return Argument("region", region.code, citation, region.assumption)
