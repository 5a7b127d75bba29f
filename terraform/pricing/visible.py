"""Values of a resource without those that the plan marks as sensitive."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from terraform.plan import Json


class SensitiveValueError(Exception):
    """A price would depend on, and so tell of, a value that is kept from readers."""


@dataclass(frozen=True, slots=True)
class Visible(Mapping[str, Json]):
    """A mapping that raises SensitiveValueError where somebody reads what is marked.

    `marks` has Terraform's shape: true, or a tree whose leaves are true where a value is sensitive.
    """

    raw: Mapping[str, Json]
    marks: Json

    def __getitem__(self, name: str) -> Json:
        """The value, itself visible all the way down."""
        return _visible(name, self.raw[name], _at(self.marks, name))

    def __iter__(self) -> Iterator[str]:
        """The names, which are never sensitive."""
        return iter(self.raw)

    def __len__(self) -> int:
        """How many names there are."""
        return len(self.raw)

    def open_values(self) -> Mapping[str, Json]:
        """The values of the top level that are not marked, with no error for the others."""
        return {
            name: value for name, value in self.raw.items() if _at(self.marks, name) is not True
        }


def _visible(name: str, value: Json, marks: Json) -> Json:
    if marks is True:
        raise SensitiveValueError(f"{name} is sensitive")
    if isinstance(value, Mapping):
        return Visible(value, marks)
    if isinstance(value, list):
        return [_visible(name, inner, _at(marks, place)) for place, inner in enumerate(value)]
    return value


def _at(marks: Json, place: str | int) -> Json:
    if marks is True:
        return True
    if isinstance(marks, Mapping):
        return marks.get(place)
    if isinstance(marks, list) and isinstance(place, int) and place < len(marks):
        return marks[place]
    return None
