"""Takes secrets out of texts and values: those a plan marks, those a run was given, known formats.

A marked value is hidden where it is marked, and wherever else it appears when it is long and varied
enough that hiding it cannot blank out ordinary words.
"""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote

from terraform.plan import Json, Plan

HIDDEN = "(sensitive value)"
# Shorter or plainer values ("true", "admin", "00000000") stand in too many harmless places.
MIN_LENGTH = 6
MIN_LENGTH_ONE_KIND = 8
MIN_DISTINCT = 4
# Below so many characters a form, looking up the text's parts beats looking for every form.
_SHORT_TEXT = 4
# Names whose values are settings of the run, never secrets.
_HARMLESS = re.compile(
    r"(PATH|HOME|LANG|LC_\w+|TERM|TMPDIR|TMP|TEMP|USER|LOGNAME|SHELL|PWD|TZ|NO_COLOR|\w+_REGION"
    r"|AWS_PROFILE|CHECKPOINT_DISABLE|TF_(CLI_CONFIG_FILE|DATA_DIR|IN_AUTOMATION|INPUT|WORKSPACE"
    r"|LOG|LOG_PATH|PLUGIN_CACHE_DIR|CLI_ARGS\w*))"
)
_KNOWN = re.compile(
    r"""
      \b(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16}\b                             # AWS access key id
    | (?<=[=:\s"'])[A-Za-z0-9/+]{40}(?=["'\s,;]|\Z)  # AWS secret key
    | \bgh[a-z]_[A-Za-z0-9_.\-]{20,}                                      # GitHub token
    | \bgithub_pat_[A-Za-z0-9_]{22,}
    | \bxox[abeoprs]-[A-Za-z0-9-]{10,}                                    # Slack token
    | \beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*           # JSON web token
    | -----BEGIN\ [A-Z ]*PRIVATE\ KEY(?:\ BLOCK)?-----
      (?:(?!-----END)[\s\S])*
      (?:-----END\ [A-Z ]*PRIVATE\ KEY(?:\ BLOCK)?-----|\Z)
    | (?<=://)(?P<user>[^\s:/@"'`]*):[^\s/@"'`]+(?=@)                     # scheme://user:password@
    | (?i:(?P<name>\b(?:password|pwd|accountkey|sharedaccesskey)\s*=\s*)  # key=value connections
      (?!\(|known|null\b|["'\s])[^\s;"'&,]+(?=[;"'&\s]|\Z))
    """,
    re.VERBOSE,
)
_AWS_SECRET_LENGTH = 40


class Redactor:
    """Holds what must not be shown; cheap to ask, built once a run."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        worthy = {secret for secret in secrets if _is_worth_hiding(secret)}
        forms = {form for secret in worthy for form in _forms(secret)}
        self._exact = frozenset(forms)
        self._forms = tuple(sorted(forms, key=_longest_first))
        self._by_start: dict[str, list[str]] = {}
        for form in self._forms:
            self._by_start.setdefault(form[:MIN_LENGTH], []).append(form)

    @classmethod
    def of(
        cls,
        plan: Plan | None = None,
        *,
        environment: Mapping[str, str] | None = None,
        secrets: Iterable[str] = (),
    ) -> "Redactor":
        """A redactor of what a plan marks as sensitive and of the environment given to its run."""
        given = (v for k, v in (environment or {}).items() if not _HARMLESS.fullmatch(k))
        marked = _marked_in(plan) if plan else ()
        return cls([*given, *secrets, *marked])

    def redact_text(self, text: str) -> str:
        """The text with every secret replaced by `(sensitive value)`."""
        text = _KNOWN.sub(_hide_known, text)
        present = self._present(text)
        if not present:
            return text
        return re.sub("|".join(map(re.escape, present)), HIDDEN, text)

    def _present(self, text: str) -> list[str]:
        """The forms that stand in the text, longest first."""
        if len(text) > _SHORT_TEXT * len(self._forms):
            # Each `in` is one fast scan; a pattern of thousands of alternatives would not be.
            return [form for form in self._forms if form in text]
        starts = {text[i : i + MIN_LENGTH] for i in range(len(text) - MIN_LENGTH + 1)}
        found = (form for start in starts for form in self._by_start.get(start, ()))
        return sorted((form for form in found if form in text), key=_longest_first)

    def redact_json(self, value: Json, sensitive: Json = None) -> Json:
        """The value with marked parts hidden whole and every other text and name redacted."""
        if sensitive is True:
            return HIDDEN
        if isinstance(value, str):
            return self.redact_text(value)
        if isinstance(value, Mapping):
            return {
                self.redact_text(key): self.redact_json(inner, mark_at(sensitive, key))
                for key, inner in value.items()
            }
        if isinstance(value, list):
            return [self.redact_json(v, mark_at(sensitive, i)) for i, v in enumerate(value)]
        return HIDDEN if _number_text(value) in self._exact else value


def mark_at(marks: Json, step: str | int) -> Json:
    """The marks below one name or index; a marked whole marks all its parts."""
    if marks is True:
        return True
    if isinstance(marks, dict):
        return marks.get(step, False)
    if isinstance(marks, list) and isinstance(step, int) and step < len(marks):
        return marks[step]
    return False


def _longest_first(form: str) -> tuple[int, str]:
    return -len(form), form


def _number_text(value: Json) -> str:
    return "" if value is None or isinstance(value, bool) else str(value)


def _hide_known(found: re.Match[str]) -> str:
    text = found[0]
    if found["user"] is not None:
        return f"{found['user']}:{HIDDEN}"
    if found["name"] is not None:
        return f"{found['name']}{HIDDEN}"
    if len(text) == _AWS_SECRET_LENGTH and not _is_random(text):
        return text
    return HIDDEN


def _is_random(text: str) -> bool:
    """Tell a key from 40 letters that are a path, a word or a commit's id."""
    kinds = (str.isupper, str.islower, str.isdigit)
    return all(any(kind(char) for char in text) for kind in kinds)


def _marked_in(plan: Plan) -> Iterator[str]:
    document = plan.document
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
    yield from _marked_variables(document)


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
    if "\n" in text:
        yield from (line.strip() for line in text.splitlines())
    if text[:1] in {"{", "["}:
        try:
            inner = json.loads(text)
        except (ValueError, RecursionError):
            return
        yield from _leaves(inner)


def _is_worth_hiding(secret: str) -> bool:
    if len(set(secret)) < MIN_DISTINCT or secret in HIDDEN:
        return False
    one_kind = secret.isalpha() or secret.isdigit()
    return len(secret) >= (MIN_LENGTH_ONE_KIND if one_kind else MIN_LENGTH)


def _forms(secret: str) -> Iterator[str]:
    """The ways a secret is written inside other texts."""
    yield secret
    escaped = (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1])
    yield from escaped
    for text in escaped:
        # Terraform's jsonencode() writes these three as escapes.
        yield text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    encoded = secret.encode(errors="surrogatepass")
    yield quote(encoded, safe="")
    for offset in range(3):
        yield from _base64_core(encoded, offset)


def _base64_core(encoded: bytes, offset: int) -> Iterator[str]:
    """The letters a secret always gives inside base64 when `offset` bytes stand before it."""
    first = (offset * 8 + 5) // 6
    last = (offset + len(encoded)) * 8 // 6
    text = base64.b64encode(bytes(offset) + encoded).decode()[first:last]
    if len(text) >= MIN_LENGTH_ONE_KIND:
        yield text
        yield text.replace("+", "-").replace("/", "_")
