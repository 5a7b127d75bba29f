"""Special plans: made with a person's arguments, so that they show less or other than the code.

One may be approved and applied as any other, yet it settles nothing: a plain plan has to follow.
"""

import json
from collections.abc import Mapping
from typing import Any

from handlers.errors import UserError
from handlers.markdown import code
from handlers.runs import RunRequest
from terraform.arguments import PLAIN, PlanArguments, stored_arguments
from terraform.redact import Redactor

DETAIL = "arguments"
MEANS = {
    "-destroy": "**It destroys everything that this project has.**",
    "-target": "It looks at these addresses and what they depend on, and at nothing else.",
    "-replace": "It replaces what it is told to, changed or not.",
    "-var": "It uses values that are not in the code.",
    "import": "It takes what exists already under this address into the state.",
    "state rm": "It takes these out of the state. What they stand for goes on existing, unmanaged.",
    "-refresh": "It did not look at what really exists.",
}
AFTER = "It settles nothing: a plan without arguments has to follow before the merge."


def carried(arguments: PlanArguments) -> dict[str, str]:
    """The arguments as a run keeps them; nothing for a plain plan."""
    return {DETAIL: json.dumps(arguments.words)} if arguments != PLAIN else {}


def arguments_of(request: RunRequest) -> PlanArguments:
    """The arguments that a run was asked to plan with."""
    return stored_arguments(json.loads(request.detail.get(DETAIL, "[]")))


def notice(arguments: PlanArguments) -> str:
    """What makes a plan special, in Markdown; the gravest first, nothing for a plain one."""
    if arguments == PLAIN:
        return ""
    names = kinds(arguments)
    means = " ".join(said for name, said in MEANS.items() if name in names)
    return f"**This plan is special:** {' '.join(map(code, _typed(arguments)))}\n\n{means} {AFTER}"


def kinds(arguments: PlanArguments) -> tuple[str, ...]:
    """The kinds of what makes a plan special, each once: `-target`, `import` and so on."""
    return tuple(dict.fromkeys(word.split("=")[0] for word in arguments.words))


def _typed(arguments: PlanArguments) -> tuple[str, ...]:
    """What makes it special as a person would type it."""
    imports = (f"/import {each.address} {each.id}" for each in arguments.imports)
    forgets = (f"/state rm {address}" for address in arguments.forgets)
    return (*arguments.flags, *imports, *forgets)


def refuse_secrets(
    arguments: PlanArguments, document: Mapping[str, Any], redactor: Redactor
) -> None:
    """Raise UserError where a variable was set that is nobody's to read: a comment is public."""
    declared = document.get("configuration", {}).get("root_module", {}).get("variables", {})
    for variable in arguments.variables:
        marked = declared.get(variable.name, {}).get("sensitive", False)
        if marked or redactor.redact_text(variable.value) != variable.value:
            raise UserError(
                f"The value of {code(variable.name)} is a secret, and a comment can be read by "
                "all. Nothing of this plan was kept. Change that secret, and give its value to "
                "the run in the operator's environment file."
            )
