"""Durations, sizes and regions as people write them."""

import re
from dataclasses import dataclass

COUNTS = {
    word: count
    for count, words in enumerate(
        (
            "zero",
            "a an one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
        )
    )
    for word in words.split()
}
SECONDS = {
    "second": 1,
    "sec": 1,
    "minute": 60,
    "min": 60,
    "hour": 3600,
    "day": 86_400,
    "week": 604_800,
    "fortnight": 1_209_600,
    "month": 2_592_000,
    "quarter": 7_776_000,
    "year": 31_536_000,
}
# Calendar units have no fixed length: counting them in days is said as an assumption.
CALENDAR = {"month": 30, "quarter": 90, "year": 365}
MEBIBYTES = {"mb": 1, "mib": 1, "gb": 1024, "gib": 1024, "tb": 1_048_576, "tib": 1_048_576}
NUMBER = rf"(?P<count>\d+(?:\.\d+)?|\b(?:{'|'.join(COUNTS)})\b)"
DURATION = re.compile(
    rf"(?<![\w.]){NUMBER}[\s-]*(?P<unit>{'|'.join(sorted(SECONDS, key=len, reverse=True))})s?\b",
    re.IGNORECASE,
)
SIZE = re.compile(r"(?<![\w.])(?P<count>\d+(?:\.\d+)?)\s*(?P<unit>[MGT]i?B)\b", re.IGNORECASE)
REGION_CODE = re.compile(
    r"(?<![\w-])(?:af|ap|ca|eu|il|me|mx|sa|us)-(?:gov-)?"
    r"(?:central|east|north|northeast|northwest|south|southeast|southwest|west)-\d(?![\w-])",
    re.IGNORECASE,
)
PLACES = {
    "frankfurt": "eu-central-1",
    "germany": "eu-central-1",
    "ireland": "eu-west-1",
    "dublin": "eu-west-1",
    "london": "eu-west-2",
    "paris": "eu-west-3",
    "stockholm": "eu-north-1",
    "milan": "eu-south-1",
    "zurich": "eu-central-2",
    "spain": "eu-south-2",
    "virginia": "us-east-1",
    "ohio": "us-east-2",
    "oregon": "us-west-2",
    "california": "us-west-1",
    "montreal": "ca-central-1",
    "sydney": "ap-southeast-2",
    "singapore": "ap-southeast-1",
    "tokyo": "ap-northeast-1",
    "seoul": "ap-northeast-2",
    "mumbai": "ap-south-1",
    "sao paulo": "sa-east-1",
}
PLACE = re.compile(rf"\b(?:{'|'.join(PLACES)})\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity in seconds or mebibytes, where it stands, and what was assumed to get it."""

    amount: float
    start: int
    end: int
    assumption: str = ""


@dataclass(frozen=True, slots=True)
class Region:
    """A region's code and where it was named."""

    code: str
    start: int
    end: int
    assumption: str = ""


def durations(text: str) -> list[Quantity]:
    """Every duration in `text`, in seconds ("90 days", "a quarter", "3 months")."""
    return [_duration(match) for match in DURATION.finditer(text)]


def sizes(text: str) -> list[Quantity]:
    """Every size in `text`, in mebibytes; GB and GiB are one thing to AWS."""
    return [
        Quantity(
            float(match["count"]) * MEBIBYTES[match["unit"].lower()], match.start(), match.end()
        )
        for match in SIZE.finditer(text)
    ]


def regions(text: str) -> list[Region]:
    """Every region in `text`, by code or by place."""
    codes = [
        Region(match.group().lower(), match.start(), match.end())
        for match in REGION_CODE.finditer(text)
    ]
    places = [_place(match) for match in PLACE.finditer(text)]
    return sorted(codes + places, key=lambda region: region.start)


def count(text: str) -> float | None:
    """A number in digits or in words up to twelve, or None."""
    word = text.strip().lower()
    if re.fullmatch(r"-?\d{1,15}(?:\.\d{1,6})?", word):
        return _whole(float(word))
    return COUNTS.get(word)


def _duration(match: re.Match[str]) -> Quantity:
    number = count(match["count"]) or 0
    unit = match["unit"].lower()
    days = CALENDAR.get(unit)
    assumption = f"a {unit} counts as {days} days" if days else ""
    return Quantity(number * SECONDS[unit], match.start(), match.end(), assumption)


def _place(match: re.Match[str]) -> Region:
    code = PLACES[match.group().lower()]
    return Region(code, match.start(), match.end(), f"{match.group()} is the region {code}")


def _whole(number: float) -> float:
    return int(number) if number.is_integer() else number
