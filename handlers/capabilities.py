"""Every capability in one router; a new one adds a line here."""

from handlers import (
    allow,
    apply,
    approve,
    buttons,
    cancel,
    ci_results,
    closing,
    draft,
    drift,
    gone,
    locks,
    plan,
    show_configuration,
    state_commands,
    state_lock,
    sync,
    test_modules,
    watching,
)
from handlers.comments import comments
from handlers.help import helping
from handlers.programs import programs
from handlers.router import Router


def capabilities() -> Router:
    """The router that answers everything this version can do."""
    router = Router()
    for capability in (
        plan,
        test_modules,
        allow,
        approve,
        apply,
        buttons,
        locks,
        cancel,
        ci_results,
        closing,
        gone,
        draft,
        drift,
        show_configuration,
        state_commands,
        state_lock,
        sync,
        watching,
    ):
        router.include(capability.router)
    router.include(helping(router))
    router.include(comments(router))
    router.include(programs(router))
    return router
