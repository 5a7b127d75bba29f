"""The issue that a program's request becomes: as its form would have made it, or in its words."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.api.models import NewDeployment
from bot.api.problems import FieldProblem, ProblemError
from rag.catalogue import Catalogue, Module
from rag.filled_form import FillError, fill

LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True)
class RequestTexts:
    """An issue's title and body."""

    title: str
    body: str


def request_texts(catalogue: Callable[[], Catalogue]) -> Callable[[NewDeployment], RequestTexts]:
    """The writer of requests over this catalogue, which is read at the first of them.

    It raises ProblemError, which points at what is wrong.
    """

    def write(new: NewDeployment) -> RequestTexts:
        if (new.module is None) == (new.template is None):
            raise _invalid("module", "give either a module and its variables, or a template")
        if new.template is not None:
            return _in_words(new, new.template)
        module = _module(catalogue(), str(new.module))
        return RequestTexts(_title(new, module.title), _filled(module, new))

    return write


def _module(catalogue: Catalogue, name: str) -> Module:
    if name not in catalogue:
        raise _invalid("module", f"is none of the catalogue: {', '.join(catalogue)}")
    return catalogue[name]


def _filled(module: Module, new: NewDeployment) -> str:
    target = new.target
    try:
        return fill(
            module,
            new.variables,
            environment=target.environment,
            region=target.region,
            notes=new.notes,
        )
    except FillError as exc:
        own = {"environment": "target/environment", "region": "target/region", "notes": "notes"}
        raise _invalid(own.get(exc.name, f"variables/{exc.name}"), str(exc)) from exc


def _in_words(new: NewDeployment, template: str) -> RequestTexts:
    if not template.strip():
        raise _invalid("template", "says nothing; say in words what is needed")
    if new.variables:
        raise _invalid("variables", "belong to a module; a template says them in words")
    where = (("Environment", new.target.environment), ("Region", new.target.region))
    told = [f"{label}: {_line(text)}" for label, text in where if text]
    body = "\n\n".join(part for part in (template, *told, new.notes) if part)
    return RequestTexts(_title(new, template), body)


def _title(new: NewDeployment, otherwise: str) -> str:
    name = new.variables.get("name")
    made = f"{otherwise}: {name}" if isinstance(name, str) else otherwise
    return _line(new.title or made)[:LONGEST_TITLE] or "Infrastructure"


def _line(text: str) -> str:
    return " ".join(text.split())


def _invalid(field: str, reason: str) -> ProblemError:
    problem = FieldProblem(pointer=f"/body/{field}", detail=reason)
    detail = f"`{problem.pointer}`: {reason}"
    return ProblemError(422, "invalid", "The request is not valid", detail, (problem,))
