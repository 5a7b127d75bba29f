"""Drift: what was changed outside Terraform, of that what the code would put back; pure.

A refresh-only plan lists all that differs from the state, noise of providers included: attributes
nobody set, or that the code says to ignore. The plain plan of the same code tells them apart.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase

from terraform.plan import Act, Change, Json, Plan


def drift(refreshed: Plan, planned: Plan, *, ignore: Collection[str] = ()) -> tuple[Change, ...]:
    """The drift that matters, by address; each change holds only the attributes that do.

    `refreshed` is a refresh-only plan, `planned` the plain plan of the same code. An update in the
    answer has the state's values as `before` and the real ones as `after`; a delete is a resource
    that is gone. `ignore` holds globs over `address.attribute`.
    """
    put_back = {change.address: change for change in planned.changes}
    return tuple(
        found
        for change in refreshed.drift
        if not is_data(change) and (again := put_back.get(change.address)) is not None
        for found in _mattering(change, again, ignore)
    )


def is_data(change: Change) -> bool:
    """Whether this is a data source: reading it anew is no drift."""
    return change.address.removeprefix(f"{change.module}.").startswith("data.")


def _mattering(change: Change, again: Change, ignore: Collection[str]) -> Iterator[Change]:
    if again.act not in {Act.CREATE, Act.UPDATE, Act.REPLACE}:
        return
    if change.act is Act.DELETE:
        if not _ignored(change.address, "", ignore):
            yield change
        return
    names = [
        name
        for name in attributes(change)
        if name in _differing(again) and not _ignored(change.address, name, ignore)
    ]
    if names:
        yield replace(
            change,
            before=_only(change.before, names),
            after=_only(change.after, names),
            before_sensitive=_only(change.before_sensitive, names),
            after_sensitive=_only(change.after_sensitive, names),
        )


def attributes(change: Change) -> tuple[str, ...]:
    """The names of the attributes in which a drifted resource differs, in order."""
    return tuple(sorted(_differing(change)))


def _differing(change: Change) -> frozenset[str]:
    """The attributes that differ; what is known only after an apply is nobody's wish."""
    before, after, unknown = map(_members, (change.before, change.after, change.unknown))
    return frozenset(
        name
        for name in before.keys() | after.keys()
        if before.get(name) != after.get(name) and unknown.get(name) is not True
    )


def _members(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _only(value: Json, names: Collection[str]) -> Json:
    """The named members of an object; marks that are no object cover everything."""
    if not isinstance(value, dict):
        return value
    return {name: value[name] for name in names if name in value}


def _ignored(address: str, attribute: str, ignore: Collection[str]) -> bool:
    path = f"{address}.{attribute}" if attribute else address
    return any(fnmatchcase(path, glob) for glob in ignore)
