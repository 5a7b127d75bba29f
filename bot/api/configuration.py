"""The configuration that holds for a repository, each value with where it came from."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import HttpUrl, SecretStr
from pydantic_core import to_jsonable_python

from bot.api import models
from bot.api.access import Caller, Scope, needs
from bot.api.problems import FieldProblem, ProblemError, not_found
from bot.base_files import BaseFile
from bot.settings import PREFIX, Settings
from handlers.configuration import (
    CONFIGURATION_PATH,
    ConfigurationError,
)
from handlers.configuration_values import Resolved, resolve_configuration
from handlers.configuration_yaml import Path as KeyPath
from handlers.configuration_yaml import dotted
from handlers.events import RepoName

MASK = "********"
Reader = Annotated[Caller, Depends(needs(Scope.READ))]
ReadFile = Callable[[RepoName, str], BaseFile | None]


@dataclass(frozen=True, slots=True)
class ConfigurationParts:
    """What is resolved: the settings of this Lockgate, and the file of each repository."""

    settings: Settings
    read_file: ReadFile


def configuration_routes(parts: ConfigurationParts) -> APIRouter:
    """The operation that resolves the configuration."""
    routes = APIRouter(tags=["configuration"])

    @routes.get(
        "/config/resolve", operation_id="resolveConfiguration", summary="Resolve the configuration"
    )
    def resolve(
        repository: models.Repository,
        caller: Reader,
        environment: Annotated[
            models.Text | None,
            Query(
                max_length=90,
                description="A project's name, workspace or environment; null is all.",
            ),
        ] = None,
    ) -> models.ResolvedConfiguration:
        """What holds for a repository, as its default branch says it, and why."""
        missing = not_found("There is no such repository, or the key does not reach it.")
        if not caller.reaches(repository):
            raise missing
        file = parts.read_file(RepoName(repository), CONFIGURATION_PATH)
        if file is None:
            raise missing
        values = _of_environment(_resolved(file), environment)
        return models.ResolvedConfiguration(
            repository=repository,
            environment=environment,
            ref=file.ref,
            sha=file.sha,
            values=(*map(_from_file, values), *_settings(parts.settings)),
        )

    return routes


def _resolved(file: BaseFile) -> tuple[Resolved, ...]:
    try:
        return resolve_configuration(file.text)
    except ConfigurationError as exc:
        problems = tuple(
            FieldProblem(
                pointer=f"{CONFIGURATION_PATH}:{problem.line}",
                detail=f"{problem.key} {problem.message}".strip(),
            )
            for problem in exc.problems
        )
        detail = f"{exc}. Nothing is planned in this repository until it is mended."
        raise ProblemError(
            409, "configuration", "Configuration not valid", detail, problems
        ) from exc


def _of_environment(values: tuple[Resolved, ...], environment: str | None) -> Iterable[Resolved]:
    """Without other projects, where one is asked for; raises ProblemError for an unknown one."""
    if environment is None:
        return values
    told = [each for each in values if each.value and _names_environment(each.path)]
    wanted = {each.path[:2] for each in told if each.value == environment}
    if not wanted:
        known = sorted({str(each.value) for each in told}) or ["none: its projects are discovered"]
        file = f"{CONFIGURATION_PATH}; it has {', '.join(known)}"
        detail = f"is no project, workspace or environment of {file}"
        problem = FieldProblem(pointer="/query/environment", detail=detail)
        text = f"`{environment}` {detail}."
        raise ProblemError(422, "invalid", "The request is not valid", text, (problem,))
    others = {each.path[:2] for each in told} - wanted
    return [each for each in values if each.path[:2] not in others]


def _names_environment(path: KeyPath) -> bool:
    """Whether a value is a name that one may ask by."""
    names = {"projects": {"name", "workspace", "environment"}, "groups": {"environment"}}
    return path[-1] in names.get(str(path[0]), ())


def _from_file(value: Resolved) -> models.ResolvedValue:
    return models.ResolvedValue(
        key=dotted(value.path),
        value=to_jsonable_python(value.value),
        source="default" if value.line is None else "repository",
        where="" if value.line is None else f"{CONFIGURATION_PATH}:{value.line}",
    )


def _settings(settings: Settings) -> Iterator[models.ResolvedValue]:
    for name in Settings.model_fields:
        given = name in settings.model_fields_set
        yield models.ResolvedValue(
            key=f"settings.{name}",
            value=_shown(getattr(settings, name)),
            source="setting" if given else "default",
            where=f"{PREFIX}{name.upper()}" if given else "",
        )


def _shown(value: Any) -> Any:
    match value:
        case SecretStr():
            return MASK
        case tuple():
            return [_shown(item) for item in value]
        case Path():
            return str(value)
        case HttpUrl() if value.username or value.password or value.query:
            return MASK
        case _:
            return to_jsonable_python(value)
