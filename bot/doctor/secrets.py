"""Keeps what is secret out of the report, whoever's words it would come in."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from urllib.parse import unquote, urlsplit

from pydantic import SecretStr

from bot.doctor.results import Examined
from bot.settings import PREFIX, Settings
from terraform.redact import HIDDEN, hide_formats

# Shorter ones are words that stand in sentences of their own.
SHORTEST = 4


def secret_values(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Every secret of the environment's settings, and the passwords in their addresses."""
    found: set[str] = set()
    for name, field in Settings.model_fields.items():
        value = environ.get(PREFIX + name.upper(), "")
        if not value or not holds_secrets(field.annotation):
            continue
        found |= {value, *(part.strip() for part in value.split(","))}
        found |= set(_passwords(value))
    return tuple(sorted((one for one in found if len(one) >= SHORTEST), key=len, reverse=True))


def hidden(results: Iterable[Examined], values: Iterable[str]) -> tuple[Examined, ...]:
    """The results without these values, and without what looks like a token."""
    values = tuple(values)

    def clean(text: str) -> str:
        for value in values:
            text = text.replace(value, HIDDEN)
        return hide_formats(text)

    return tuple(
        replace(
            one,
            result=replace(one.result, said=clean(one.result.said), mend=clean(one.result.mend)),
        )
        for one in results
    )


def holds_secrets(annotation: object) -> bool:
    """Whether a setting of this type is secret, alone or in a list."""
    inside = getattr(annotation, "__args__", ())
    return annotation is SecretStr or any(holds_secrets(part) for part in inside)


def _passwords(value: str) -> Iterator[str]:
    if "://" not in value:
        return
    password = urlsplit(value).password
    if password:
        yield password
        yield unquote(password)
