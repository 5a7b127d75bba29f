"""What a check says of a place in line for a project's lock."""

from collections.abc import Sequence

# A check's title is one line.
ORDINALS = {1: "st", 2: "nd", 3: "rd"}
TEENS = range(10, 21)


def title(ahead: Sequence[int]) -> str:
    """Who holds the lock, and the place in line where it is not the first."""
    said = f"Waiting for the lock that #{ahead[0]} holds"
    return said if len(ahead) == 1 else f"{said}, {ordinal(len(ahead))} in line"


def waiting(ahead: Sequence[int]) -> str:
    """Who holds the lock, who waits before this one, and when its turn comes."""
    holder, *before = ahead
    if not before:
        return (
            f"#{holder} holds this project. This one is next: it is planned here by itself as soon "
            "as that pull request is merged or closed, or someone there says `/unlock`."
        )
    listed = ", ".join(f"#{number}" for number in before)
    return (
        f"#{holder} holds this project. Ahead in line: {listed}; then this one, "
        f"{ordinal(len(ahead))}. It is planned here by itself when its turn comes."
    )


def for_apply(ahead: Sequence[int]) -> str:
    """Who has to be done before this one can be applied."""
    holder, *before = ahead
    listed = f", then {', '.join(f'#{number}' for number in before)}" if before else ""
    return (
        f"Waiting to be applied: #{holder} holds the lock{listed}; this one is "
        f"{ordinal(len(ahead))} in line. It is planned again by itself when its turn comes."
    )


def ordinal(number: int) -> str:
    """A number as a place in line."""
    ending = "th" if number % 100 in TEENS else ORDINALS.get(number % 10, "th")
    return f"{number}{ending}"
