"""The texts that a plan marks as sensitive, wherever in its document they are marked."""

import json
from collections.abc import Callable, Iterator, Mapping

from terraform.plan import Json
from terraform.secret_formats import is_secret_name


def marks_anything(document: Mapping[str, Json]) -> bool:
    """True for a plan in which something is sensitive."""
    return any(True for _ in marked_texts(document))


def marked_texts(document: Mapping[str, Json]) -> Iterator[str]:
    """Every text a plan's document marks, with its lines and the texts inside it if it is JSON."""
    for key in ("resource_changes", "resource_drift"):
        for entry in document.get(key) or ():
            yield from _marked_in_change(entry["change"])
    for entry in document.get("deferred_changes") or ():
        yield from _marked_in_change(entry["resource_change"]["change"])
    for change in (document.get("output_changes") or {}).values():
        yield from _marked_in_change(change)
    prior = document.get("prior_state") or {}
    for values in (prior.get("values") or {}, document.get("planned_values") or {}):
        yield from _marked_in_outputs(values.get("outputs") or {})
        yield from _marked_in_module(values.get("root_module") or {})
    for action in document.get("action_invocations") or ():
        yield from _marked_texts(action.get("config_values"), action.get("config_sensitive"))
    yield from _marked_variables(document)
    yield from _written(document.get("configuration") or {})


def _marked_in_change(change: Mapping[str, Json]) -> Iterator[str]:
    yield from _marked_texts(change.get("before"), change.get("before_sensitive"))
    yield from _marked_texts(change.get("after"), change.get("after_sensitive"))


def _marked_in_outputs(outputs: Mapping[str, Json]) -> Iterator[str]:
    for output in outputs.values():
        yield from _marked_texts(output.get("value"), output.get("sensitive"))


def _marked_in_module(module: Mapping[str, Json]) -> Iterator[str]:
    for entry in module.get("resources") or ():
        yield from _marked_texts(entry.get("values"), entry.get("sensitive_values"))
    for child in module.get("child_modules") or ():
        yield from _marked_in_module(child)


def _marked_variables(document: Mapping[str, Json]) -> Iterator[str]:
    """The values of root variables declared sensitive; the plan itself holds them in the clear."""
    root = (document.get("configuration") or {}).get("root_module") or {}
    declared = root.get("variables") or {}
    for name, variable in (document.get("variables") or {}).items():
        if (declared.get(name) or {}).get("sensitive"):
            yield from _marked_texts(variable.get("value"), marks=True)


def _written(configuration: Mapping[str, Json]) -> Iterator[str]:
    """Literals in the code where a secret goes, of which the changes know nothing."""
    for provider in (configuration.get("provider_config") or {}).values():
        yield from _literals(provider.get("expressions") or {}, is_secret_name)
    yield from _written_in_module(configuration.get("root_module") or {})


def _written_in_module(module: Mapping[str, Json]) -> Iterator[str]:
    for variable in (module.get("variables") or {}).values():
        if variable.get("sensitive"):
            yield from _marked_texts(variable.get("default"), marks=True)
    for resource in module.get("resources") or ():
        # Terraform writes such an argument and forgets it: in a plan it is null.
        yield from _literals(resource.get("expressions") or {}, _is_write_only)
    for call in (module.get("module_calls") or {}).values():
        inner = call.get("module") or {}
        sensitive = {k for k, v in (inner.get("variables") or {}).items() if v.get("sensitive")}
        yield from _literals(call.get("expressions") or {}, sensitive.__contains__)
        yield from _written_in_module(inner)


def _literals(expressions: Mapping[str, Json], chosen: Callable[[str], bool]) -> Iterator[str]:
    for name, expression in expressions.items():
        # A nested block is a list of further expressions.
        for inner in expression if isinstance(expression, list) else ():
            yield from _literals(inner, chosen)
        if chosen(name) and isinstance(expression, dict):
            yield from _marked_texts(expression.get("constant_value"), marks=True)


def _is_write_only(name: str) -> bool:
    return name.endswith("_wo")


def _marked_texts(value: Json, marks: Json) -> Iterator[str]:
    if not marks or value is None:
        return
    if marks is True:
        yield from _leaves(value)
    elif isinstance(marks, dict) and isinstance(value, dict):
        for key, inner in marks.items():
            yield from _marked_texts(value.get(key), inner)
    elif isinstance(marks, list) and isinstance(value, list):
        for item, inner in zip(value, marks, strict=False):
            yield from _marked_texts(item, inner)


def _leaves(value: Json) -> Iterator[str]:
    if isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from _leaves(inner)
    elif value is not None and not isinstance(value, bool):
        yield from _parts(str(value))


def _parts(text: str) -> Iterator[str]:
    """A secret, its lines (a diff shows them one by one) and the texts inside it if it is JSON."""
    yield text
    yield text.strip()
    if "\n" in text:
        yield from (line.strip() for line in text.splitlines())
    if text[:1] in {"{", "["}:
        try:
            inner = json.loads(text)
        except (ValueError, RecursionError):
            return
        yield from _leaves(inner)
