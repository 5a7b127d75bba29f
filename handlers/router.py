"""Which function answers which event, command and run; each has exactly one."""

from collections.abc import Callable, Iterable
from typing import Any, TypeAlias, TypeVar

from handlers.actions import Action
from handlers.commands import Name
from handlers.events import CommandGiven, Event
from handlers.ports import Ports, RunControl
from handlers.runs import Run, RunKind

EventHandler: TypeAlias = Callable[[Any, Ports], Iterable[Action]]
CommandHandler: TypeAlias = Callable[[CommandGiven, Ports], Iterable[Action]]
RunHandler: TypeAlias = Callable[[Run, RunControl, Ports], Iterable[Action]]
EndHandler: TypeAlias = Callable[[Run, Ports], Iterable[Action]]
E_ = TypeVar("E_", bound=Event)


class Router:
    """The handlers of one capability, or of all of them once included in one another."""

    def __init__(self) -> None:
        self._events: dict[Any, EventHandler] = {}
        self._commands: dict[Name, CommandHandler] = {}
        self._runs: dict[RunKind, RunHandler] = {}
        self._ended: dict[RunKind, EndHandler] = {}

    def on(
        self, kind: type[E_]
    ) -> Callable[
        [Callable[[E_, Ports], Iterable[Action]]], Callable[[E_, Ports], Iterable[Action]]
    ]:
        """Answer events of this type."""

        def register(
            handler: Callable[[E_, Ports], Iterable[Action]],
        ) -> Callable[[E_, Ports], Iterable[Action]]:
            _add(self._events, kind, handler)
            return handler

        return register

    def command(self, name: Name) -> Callable[[CommandHandler], CommandHandler]:
        """Answer this command."""

        def register(handler: CommandHandler) -> CommandHandler:
            _add(self._commands, name, handler)
            return handler

        return register

    def run(self, kind: RunKind) -> Callable[[RunHandler], RunHandler]:
        """Carry out runs of this kind."""

        def register(handler: RunHandler) -> RunHandler:
            _add(self._runs, kind, handler)
            return handler

        return register

    def ended(self, kind: RunKind) -> Callable[[EndHandler], EndHandler]:
        """Show how runs of this kind ended, however they did; also asked while they progress."""

        def register(handler: EndHandler) -> EndHandler:
            _add(self._ended, kind, handler)
            return handler

        return register

    def include(self, other: "Router") -> None:
        """Take over all of another router's handlers."""
        for kind, handler in other._events.items():  # noqa: SLF001 -- the same class
            _add(self._events, kind, handler)
        for name, command in other._commands.items():  # noqa: SLF001 -- the same class
            _add(self._commands, name, command)
        for run, carry_out in other._runs.items():  # noqa: SLF001 -- the same class
            _add(self._runs, run, carry_out)
        for run, show in other._ended.items():  # noqa: SLF001 -- the same class
            _add(self._ended, run, show)

    @property
    def available(self) -> frozenset[Name]:
        """The commands that can be carried out."""
        return frozenset(self._commands)

    def dispatch(self, event: Event, ports: Ports) -> Iterable[Action]:
        """The actions that answer an event; raises KeyError for a type nobody answers."""
        return self._events[type(event)](event, ports)

    def obey(self, given: CommandGiven, ports: Ports) -> Iterable[Action]:
        """The actions that answer a command; raises KeyError where it is not available."""
        return self._commands[given.command.name](given, ports)

    def carry_out(self, run: Run, control: RunControl, ports: Ports) -> Iterable[Action]:
        """The actions of a run, as it makes them."""
        return self._runs[run.request.kind](run, control, ports)

    def show(self, run: Run, ports: Ports) -> Iterable[Action]:
        """The actions that show where a run is: after each step, and after its end."""
        return self._ended[run.request.kind](run, ports)


K = TypeVar("K")
V = TypeVar("V")


def _add(table: dict[K, V], key: K, handler: V) -> None:
    if key in table:
        raise ValueError(f"two handlers for {key}")
    table[key] = handler
