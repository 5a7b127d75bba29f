"""Reads the document of `terraform show -json` (or `tofu show -json`) of a plan into a `Plan`.

The document's major format version is 1 from Terraform 1.1 and OpenTofu 1.6 to this day.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pydantic_core import from_json

from terraform.plan import Act, Change, Check, Counts, Json, OutputChange, Plan

FORMAT_MAJOR = "1"
# Far deeper than any provider's schema; everything that walks a plan walks it recursively.
MAX_DEPTH = 150
# What parsing JSON makes; asking for these exact types is several times faster than for protocols.
_CONTAINERS = frozenset((dict, list))
# Terraform's own rendering leaves these out: a check's data is read again on every apply.
_NESTED_IN_CHECK = "read_because_check_nested"
_ACTS = {
    ("no-op",): Act.NO_OP,
    ("create",): Act.CREATE,
    ("read",): Act.READ,
    ("update",): Act.UPDATE,
    ("delete",): Act.DELETE,
    ("forget",): Act.FORGET,
    ("delete", "create"): Act.REPLACE,
    ("create", "delete"): Act.REPLACE,
    ("create", "forget"): Act.REPLACE,
    ("forget", "create"): Act.REPLACE,
}


class PlanFormatError(ValueError):
    """A document that is no plan this version can read; `where` is the path to the bad part."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"the plan cannot be read at {where}: {problem}")
        self.where = where


def parse_plan(text: str | bytes) -> Plan:
    """Read a plan from its JSON text; raises PlanFormatError as `read_plan` does."""
    return read_plan(parse_document(text))


def parse_document(text: str | bytes) -> Mapping[str, Json]:
    """The document of a plan as it stands in its JSON text; raises PlanFormatError."""
    try:
        # Twice as fast as the standard library on a plan of 50 MB, and it refuses endless nesting.
        document = from_json(text)
    except ValueError as error:
        raise PlanFormatError("the document", f"it is no JSON ({error})") from error
    return _object(document, "the document")


def read_plan(document: Mapping[str, Json]) -> Plan:
    """Read a plan document.

    Raises PlanFormatError when the format's major version is unknown or any part that matters
    here has not the shape Terraform gives it.
    """
    document = _object(document, "the document")
    _require_format(document)
    changes = _changes(document, "resource_changes")
    return Plan(
        terraform_version=_text(document, "terraform_version", "the document"),
        changes=tuple(change for change in changes if change.act is not Act.NO_OP),
        outputs=_outputs(document),
        drift=tuple(c for c in _changes(document, "resource_drift") if c.act is not Act.NO_OP),
        counts=_counts(changes),
        document=document,
        deferred=_deferred(document),
        checks=_checks(document),
        invocations=_invocations(document),
        errored=document.get("errored") is True,
    )


def _require_format(document: Mapping[str, Json]) -> None:
    version = document.get("format_version")
    if not isinstance(version, str):
        raise PlanFormatError("format_version", "it is missing, so this is no Terraform plan")
    if version.partition(".")[0] != FORMAT_MAJOR:
        raise PlanFormatError(
            "format_version", f"version {version[:20]!r} is not known here, only {FORMAT_MAJOR}.x"
        )


def _changes(document: Mapping[str, Json], key: str) -> tuple[Change, ...]:
    entries = _array(document.get(key), key)
    changes = [_change(entry, f"{key}[{index}]") for index, entry in enumerate(entries)]
    kept = (change for change in changes if change.reason != _NESTED_IN_CHECK)
    return tuple(sorted(kept, key=lambda change: change.address))


def _deferred(document: Mapping[str, Json]) -> tuple[Change, ...]:
    key = "deferred_changes"
    changes = []
    for index, entry in enumerate(_array(document.get(key), key)):
        where = f"{key}[{index}].resource_change"
        deferred = _object(entry, where)
        change = _change(deferred.get("resource_change"), where)
        reason = change.reason or _text(deferred, "reason", where, default="")
        changes.append(replace(change, reason=reason))
    return tuple(sorted(changes, key=lambda change: change.address))


def _change(value: Json, where: str) -> Change:
    entry = _object(value, where)
    change = _object(entry.get("change"), f"{where}.change")
    _require_depth(change, f"{where}.change")
    actions = _actions(change, f"{where}.change.actions")
    importing = change.get("importing")
    import_id = _import_id(importing, f"{where}.change.importing")
    previous = _text(entry, "previous_address", where, default="")
    act = _ACTS[actions]
    if act is Act.NO_OP and importing is not None:
        act = Act.IMPORT
    elif act is Act.NO_OP and previous:
        act = Act.MOVE
    return Change(
        address=_text(entry, "address", where),
        module=_text(entry, "module_address", where, default=""),
        type=_text(entry, "type", where),
        name=_text(entry, "name", where),
        provider=_text(entry, "provider_name", where, default=""),
        act=act,
        before=change.get("before"),
        after=change.get("after"),
        unknown=_marks(change.get("after_unknown"), f"{where}.change.after_unknown"),
        before_sensitive=_marks(change.get("before_sensitive"), f"{where}.change.before_sensitive"),
        after_sensitive=_marks(change.get("after_sensitive"), f"{where}.change.after_sensitive"),
        replace_paths=_paths(change.get("replace_paths"), f"{where}.change.replace_paths"),
        reason=_text(entry, "action_reason", where, default=""),
        previous_address=previous,
        create_before_destroy=act is Act.REPLACE and actions[0] == "create",
        import_id=import_id,
    )


def _require_depth(value: Json, where: str) -> None:
    level: list[Json] = [value]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if type(outer) is dict else outer)
            if inner and type(inner) in _CONTAINERS
        ]
        if not level:
            return
    raise PlanFormatError(where, f"its values are nested deeper than {MAX_DEPTH} levels")


def _actions(change: Mapping[str, Json], where: str) -> tuple[str, ...]:
    actions = tuple(_array(change.get("actions"), where))
    if not all(isinstance(action, str) for action in actions) or actions not in _ACTS:
        raise PlanFormatError(where, f"the actions {str(list(actions))[:80]} are not known here")
    return actions


def _import_id(value: Json, where: str) -> str:
    if value is None:
        return ""
    importing = _object(value, where)
    # An import by identity, or with an id known only later, has no id of its own.
    return str(importing.get("id") or importing.get("identity") or "(known after apply)")


def _marks(value: Json, where: str) -> Json:
    """A tree of marks; anything but true, false, objects and lists in the top is refused."""
    if value is None:
        return False
    if not isinstance(value, bool | dict | list):
        raise PlanFormatError(where, f"a tree of marks was expected, not {_kind(value)}")
    return value


def _paths(value: Json, where: str) -> tuple[tuple[str | int, ...], ...]:
    paths = []
    for index, path in enumerate(_array(value, where)):
        steps = tuple(_array(path, f"{where}[{index}]"))
        if not all(isinstance(step, str | int) for step in steps):
            raise PlanFormatError(f"{where}[{index}]", "a path of names and numbers was expected")
        paths.append(steps)
    return tuple(paths)


def _outputs(document: Mapping[str, Json]) -> tuple[OutputChange, ...]:
    key = "output_changes"
    entries = document.get(key)
    if entries is None:
        return ()
    outputs = (_output(name, _object(entries, key)[name]) for name in sorted(_object(entries, key)))
    return tuple(output for output in outputs if output.act is not Act.NO_OP)


def _output(name: str, value: Json) -> OutputChange:
    where = f"output_changes.{name}"
    change = _object(value, where)
    _require_depth(change, where)
    sensitive = marked(change.get("before_sensitive")) or marked(change.get("after_sensitive"))
    return OutputChange(
        name=name,
        act=_ACTS[_actions(change, f"{where}.actions")],
        before=None if sensitive else change.get("before"),
        after=None if sensitive else change.get("after"),
        sensitive=sensitive,
        unknown=marked(change.get("after_unknown")),
    )


def marked(tree: Json) -> bool:
    """True when a tree of marks has at least one mark."""
    if isinstance(tree, dict):
        return any(marked(inner) for inner in tree.values())
    if isinstance(tree, list):
        return any(marked(inner) for inner in tree)
    return tree is True


def _checks(document: Mapping[str, Json]) -> tuple[Check, ...]:
    checks = []
    for index, value in enumerate(_array(document.get("checks"), "checks")):
        where = f"checks[{index}]"
        check = _object(value, where)
        instances = _array(check.get("instances"), f"{where}.instances")
        problems = [
            str(_object(problem, where).get("message", ""))
            for instance in instances
            for problem in _array(_object(instance, where).get("problems"), f"{where}.problems")
        ]
        address = _object(check.get("address"), f"{where}.address")
        name = _text(address, "to_display", f"{where}.address")
        checks.append(Check(name, _text(check, "status", where), tuple(problems)))
    return tuple(sorted(checks, key=lambda check: check.address))


def _invocations(document: Mapping[str, Json]) -> tuple[str, ...]:
    key = "action_invocations"
    entries = _array(document.get(key), key)
    return tuple(
        sorted(
            _text(_object(entry, f"{key}[{i}]"), "address", f"{key}[{i}]")
            for i, entry in enumerate(entries)
        )
    )


def _counts(changes: Sequence[Change]) -> Counts:
    acts = Counter(change.act for change in changes)
    return Counts(
        add=acts[Act.CREATE] + acts[Act.REPLACE],
        change=acts[Act.UPDATE],
        destroy=acts[Act.DELETE] + acts[Act.REPLACE],
        replace=acts[Act.REPLACE],
        imported=sum(bool(change.import_id) for change in changes),
        moved=sum(bool(change.previous_address) for change in changes),
        forget=acts[Act.FORGET],
    )


def _object(value: Json, where: str) -> Mapping[str, Json]:
    if not isinstance(value, dict):
        raise PlanFormatError(where, f"an object was expected, not {_kind(value)}")
    return value


def _array(value: Json, where: str) -> Sequence[Json]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise PlanFormatError(where, f"a list was expected, not {_kind(value)}")
    return value


def _text(entry: Mapping[str, Json], key: str, where: str, *, default: str | None = None) -> str:
    value = entry.get(key, default)
    if not isinstance(value, str):
        raise PlanFormatError(f"{where}.{key}", f"a text was expected, not {_kind(value)}")
    return value


def _kind(value: Json) -> str:
    names = {"dict": "an object", "list": "a list", "str": "a text", "bool": "true or false"}
    return "nothing" if value is None else names.get(type(value).__name__, "a number")
