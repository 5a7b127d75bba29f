"""Wishes that free words never grant: public access, no encryption, wildcard permissions."""

import re
from collections.abc import Iterator

from rag.catalogue import Module, Variable
from rag.prose import clauses, negated, sentences
from rag.request import Refused

SECURITY = re.compile(
    r"public|encrypt|kms|polic|principal|trust|assume|ingress|egress|allowed|acl|force|protection"
    r"|skip_final|statement|action|permission|subscriber|arn|password|secret|user_data|oidc|^ami"
    r"|security_group|immutable",
    re.IGNORECASE,
)
# (topic, what is wanted, True when the danger is in denying it)
WISHES = (
    (
        "public access",
        re.compile(
            r"\bpublic(?:ly)?\b(?!(?:[ -]+\w+){0,2}[ -]+subnet)|\bworld[- ]readable\b|\banonymous\b"
            r"|\bopen to (?:the )?(?:internet|world|everyone|anyone|public)\b|0\.0\.0\.0/0",
            re.IGNORECASE,
        ),
        False,
    ),
    ("encryption switched off", re.compile(r"\bencrypt\w*", re.IGNORECASE), True),
    ("encryption switched off", re.compile(r"\bunencrypted\b", re.IGNORECASE), False),
    (
        "wildcard permissions",
        re.compile(
            r"\*:\*|\bwildcard\b|\ball (?:actions|permissions|rights)\b"
            r"|\bfull (?:access|admin)|\badmin(?:istrator)?[ -]?(?:access|rights|permissions)\b",
            re.IGNORECASE,
        ),
        False,
    ),
    (
        "deletion protection switched off",
        re.compile(r"\bdeletion protection\b|\bfinal snapshot\b", re.IGNORECASE),
        True,
    ),
    (
        "deletion protection switched off",
        re.compile(r"\bforce[- _]d(?:estroy|elet\w*)\b", re.IGNORECASE),
        False,
    ),
)

VARIABLES = {
    "public access": re.compile(r"public"),
    "encryption switched off": re.compile(r"encrypt|kms"),
    "wildcard permissions": re.compile(r"polic|action|permission|statement"),
    "deletion protection switched off": re.compile(r"deletion_protection|force|skip_final"),
}


def is_security_relevant(variable: Variable) -> bool:
    """True when the variable may only be set by a form field or a maintainer."""
    return SECURITY.search(variable.name) is not None


def refusals(text: str, module: Module) -> tuple[Refused, ...]:
    """Each security-relevant wish in `text`, once a topic."""
    found: dict[str, Refused] = {}
    for sentence in sentences(text):
        for clause in clauses(sentence):
            for topic, quote in _wishes(clause.text):
                found.setdefault(topic, Refused(topic, quote, _remedy(topic, module)))
    return tuple(found.values())


def _wishes(clause: str) -> Iterator[tuple[str, str]]:
    for topic, pattern, by_denying in WISHES:
        match = pattern.search(clause)
        if match and _denied(clause, match) == by_denying:
            yield topic, " ".join(clause.split())


def _denied(clause: str, match: re.Match[str]) -> bool:
    blocked = re.match(
        r"\W*(?:access )?(?:is |must be )?(?:blocked|forbidden|denied)", clause[match.end() :]
    )
    return blocked is not None or negated(clause, match.start(), match.end())


def _remedy(topic: str, module: Module) -> str:
    variables = VARIABLES[topic]
    for field in module.card.form:
        if variables.search(field.variable):
            return f"use the field “{field.label}” of the form for {module.title}"
    return f"the form for {module.title} has no field for it, so ask a maintainer"
