"""An issue as a typed request, or as the answer why it is none yet."""

from collections.abc import Iterable
from dataclasses import replace

from rag.catalogue import Catalogue, Module, Variable
from rag.forms import FilledForm, read_form
from rag.matching import Rank, choose
from rag.naming import NAME
from rag.prose import readable, without_instructions
from rag.quantities import regions
from rag.refusals import is_security_relevant, refusals
from rag.request import (
    Ambiguous,
    Argument,
    Contradiction,
    FromForm,
    FromWords,
    Invalid,
    Missing,
    Outcome,
    OutsideCatalogue,
    Request,
    Unclear,
)
from rag.values import ValueProblemError, choices, read_value
from rag.words import Findings, read_words

EXAMPLES = {"string": "my-value", "number": "7", "bool": "yes"}


def issue_text(title: str, body: str) -> str:
    """The text citations count offsets in: title, blank line, body with plain line ends."""
    return f"{title}\n\n{body}".replace("\r\n", "\n").replace("\r", "\n")


def understand(title: str, body: str, catalogue: Catalogue, rank: Rank) -> Outcome:
    """What an issue asks for; raises FormError when its form was edited beyond reading."""
    filled = read_form(body, catalogue)
    text, ignored = without_instructions(readable(issue_text(title, body)))
    if filled is not None:
        return _from_form(filled, text, catalogue[filled.module], ignored)
    choice = choose(text, catalogue, rank)
    if not choice.modules:
        return OutsideCatalogue(choice.nearest)
    if len(choice.modules) > 1:
        return Ambiguous(choice.modules)
    module = catalogue[choice.modules[0]]
    return _outcome(module, read_words(text, module), text, ignored)


def _from_form(filled: FilledForm, text: str, module: Module, ignored: tuple[str, ...]) -> Outcome:
    findings = Findings()
    for variable in module.variables:
        answer = filled.answers.get(variable.name)
        if answer is not None:
            _answer(findings, variable, FromForm(answer.label, answer.text))
    notes, start = _notes(filled.notes, text)
    _merge(findings, read_words(notes, module), start, module)
    _place(findings, filled)
    return _outcome(module, findings, notes, ignored)


def _answer(findings: Findings, variable: Variable, citation: FromForm) -> None:
    try:
        reading = read_value(citation.quote, variable)
    except ValueProblemError as exc:
        findings.invalid.append(Invalid(citation.label, citation.quote, str(exc)))
        return
    findings.arguments.append(Argument(variable.name, reading.value, citation, reading.assumption))


def _notes(notes: str, text: str) -> tuple[str, int]:
    """The notes as they stand in the readable text, and where; nothing when they were blanked."""
    start = text.rfind(notes) if notes else -1
    return (notes, start) if start >= 0 else ("", 0)


def _merge(findings: Findings, said: Findings, start: int, module: Module) -> None:
    """Words beside a form add what it left open, and contradict it where they differ."""
    given = {argument.variable: argument for argument in findings.arguments}
    for argument in said.arguments:
        if argument.variable == NAME:
            continue
        moved = _moved(argument, start)
        held = given.get(argument.variable)
        if held is None:
            findings.arguments.append(moved)
        elif held.value != moved.value:
            label = _label(argument.variable, module)
            quotes = (_quoted(held), _quoted(moved))
            findings.contradictions.append(Contradiction(label, quotes))
    findings.region = _moved(said.region, start) if said.region else None
    findings.contradictions += said.contradictions


def _moved(argument: Argument, start: int) -> Argument:
    citation = argument.citation
    if not isinstance(citation, FromWords):
        return argument
    moved = replace(citation, start=citation.start + start, end=citation.end + start)
    return replace(argument, citation=moved)


def _place(findings: Findings, filled: FilledForm) -> None:
    if filled.environment:
        citation = FromForm("Environment", filled.environment)
        value = filled.environment.strip().lower()
        findings.environment = Argument("environment", value, citation)
    if not filled.region:
        return
    codes = {region.code: region for region in regions(filled.region)}
    if len(codes) != 1:
        reason = "should be one AWS region, such as eu-west-1"
        findings.invalid.append(Invalid("Region", filled.region, reason))
        return
    code, region = next(iter(codes.items()))
    if findings.region and findings.region.value != code:
        quotes = (filled.region, _quoted(findings.region))
        findings.contradictions.append(Contradiction("Region", quotes))
    citation = FromForm("Region", filled.region)
    findings.region = Argument("region", code, citation, region.assumption)


def _outcome(module: Module, findings: Findings, text: str, ignored: Iterable[str]) -> Outcome:
    order = {variable.name: place for place, variable in enumerate(module.variables)}
    arguments = sorted(findings.arguments, key=lambda argument: order[argument.variable])
    refused = refusals(text, module)
    missing = tuple(_missing(module, findings))
    if missing or findings.contradictions or findings.invalid or refused:
        return Unclear(
            module.name,
            missing,
            tuple(dict.fromkeys(findings.contradictions)),
            tuple(dict.fromkeys(findings.invalid)),
            refused,
        )
    name = next((str(argument.value) for argument in arguments if argument.variable == NAME), "")
    return Request(
        module=module.name,
        name=name or module.name,
        arguments=tuple(arguments),
        region=findings.region,
        environment=findings.environment,
        not_followed=tuple(ignored),
    )


def _missing(module: Module, findings: Findings) -> Iterable[Missing]:
    settled = {argument.variable for argument in findings.arguments}
    disputed = {entry.label for entry in findings.contradictions}
    disputed |= {entry.label for entry in findings.invalid}
    for variable in module.variables:
        label = _label(variable.name, module)
        if variable.required and variable.name not in settled and label not in disputed:
            yield Missing(variable.name, label, variable.description, _example(variable, label))


def _example(variable: Variable, label: str) -> str:
    if is_security_relevant(variable):
        return f"choose it in the form, field “{label}”"
    options = choices(variable)
    kind = getattr(variable.type, "name", "string")
    return f"{label}: {options[0] if options else EXAMPLES.get(kind, 'one, two')}"


def _label(name: str, module: Module) -> str:
    labels = {entry.variable: entry.label for entry in module.card.form}
    return labels.get(name, name.replace("_", " "))


def _quoted(argument: Argument) -> str:
    citation = argument.citation
    return citation.quote if isinstance(citation, FromForm | FromWords) else ""
