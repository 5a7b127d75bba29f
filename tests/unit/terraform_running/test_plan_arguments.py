"""The arguments of a plan: what is taken, what is not, and that each stays one word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terraform.arguments import (
    PLAIN,
    Import,
    PlanArguments,
    Variable,
    imported,
    plan_arguments,
    stored_arguments,
)
from terraform.errors import UnsafeArgumentError

NAMES = st.from_regex(r"[a-z_][a-z0-9_-]{0,8}", fullmatch=True)
KEYS = st.one_of(
    st.integers(0, 99).map(str),
    st.text(st.characters(exclude_characters='"\\'), max_size=8)
    .filter(str.isprintable)
    .map('"{}"'.format),
    st.just('"a\\"b"'),
)
STEPS = st.builds(lambda name, key: f"{name}[{key}]" if key else name, NAMES, KEYS | st.just(""))
ADDRESSES = st.lists(STEPS, min_size=2, max_size=4).map(".".join)
VALUES = st.text(max_size=30).filter(str.isprintable)
ARGUMENTS = st.builds(
    PlanArguments,
    targets=st.lists(ADDRESSES, unique=True, max_size=3).map(sorted).map(tuple),
    replacements=st.lists(ADDRESSES, unique=True, max_size=3).map(sorted).map(tuple),
    variables=st.dictionaries(NAMES, VALUES, max_size=3).map(
        lambda given: tuple(Variable(name, given[name]) for name in sorted(given))
    ),
    refresh=st.booleans(),
    destroy=st.booleans(),
)
IDS = st.text(min_size=1, max_size=30).filter(str.isprintable)
STATE_CHANGES = st.builds(
    PlanArguments,
    imports=st.lists(st.builds(Import, ADDRESSES, IDS), max_size=2).map(tuple),
    forgets=st.lists(ADDRESSES, unique=True, max_size=3).map(sorted).map(tuple),
)


@given(ARGUMENTS)
def test_what_is_written_is_read(arguments: PlanArguments) -> None:
    """The words of a value give that value again: it survives a run's row and a receipt."""
    assert plan_arguments(arguments.flags) == arguments


@given(ARGUMENTS | STATE_CHANGES)
def test_what_is_kept_is_read(arguments: PlanArguments) -> None:
    """So do changes of the state, which nobody can type after the dashes."""
    assert stored_arguments(arguments.words) == arguments


@pytest.mark.parametrize("word", ["import=aws_x.a=b", "state rm=aws_x.a"])
def test_changes_of_the_state_are_commands_of_their_own(word: str) -> None:
    """They are not smuggled in as an argument."""
    with pytest.raises(UnsafeArgumentError, match="is not allowed"):
        plan_arguments([word])


@pytest.mark.parametrize(
    ("address", "id_"),
    [
        pytest.param("aws_x.a b", "i-1", id="no address"),
        pytest.param('aws_x.a"]\n}', "i-1", id="the end of a block"),
        pytest.param("aws_x.a", "", id="no id"),
        pytest.param("aws_x.a", "two\nlines", id="lines"),
    ],
)
def test_what_can_not_be_imported_is_refused(address: str, id_: str) -> None:
    """Nothing but one address and one id gets into the code."""
    with pytest.raises(UnsafeArgumentError):
        imported(address, id_)


@given(ARGUMENTS, st.randoms(use_true_random=False))
def test_order_and_repetition_make_no_difference(arguments: PlanArguments, random: object) -> None:
    """Two people who ask for the same have asked for the same."""
    words = [word for word in arguments.flags if not word.startswith("-var")] * 2
    random.shuffle(words)  # type: ignore[attr-defined]  # hypothesis gives a Random

    variables = [word for word in arguments.flags if word.startswith("-var")]
    assert plan_arguments([*words, *variables]) == arguments


@pytest.mark.parametrize(
    ("words", "flags"),
    [
        pytest.param([], (), id="plain"),
        pytest.param(["-target", "a.b"], ("-target=a.b",), id="value apart"),
        pytest.param(["--destroy"], ("-destroy",), id="two dashes"),
        pytest.param(["-var", "size=a b=c"], ("-var=size=a b=c",), id="variable"),
        pytest.param(["-var=empty="], ("-var=empty=",), id="empty value"),
        pytest.param(["-refresh=false"], ("-refresh=false",), id="refresh"),
        pytest.param(
            ['-replace=module.m["a b"].aws_x.y[0]'],
            ('-replace=module.m["a b"].aws_x.y[0]',),
            id="replace",
        ),
    ],
)
def test_ways_of_typing(words: list[str], flags: tuple[str, ...]) -> None:
    """What Terraform's own command line takes is taken here, and written in one way."""
    assert plan_arguments(words).flags == flags


@pytest.mark.parametrize(
    ("words", "said"),
    [
        pytest.param(["-chdir=/"], "`-chdir=/` is not allowed", id="chdir"),
        pytest.param(["-out=x"], "not allowed", id="out"),
        pytest.param(["-state=x"], "not allowed", id="state"),
        pytest.param(["-var-file=/etc/passwd"], "not allowed", id="var file"),
        pytest.param(["-refresh-only"], "not allowed", id="refresh only"),
        pytest.param(["-refresh=true"], "not allowed", id="refreshing is plain"),
        pytest.param(["-destroy=false"], "not allowed", id="destroy with a value"),
        pytest.param(["-lock=false"], "not allowed", id="lock"),
        pytest.param(["plan.tfplan"], "not allowed", id="a word"),
        pytest.param(["-`@all`"], "`-'@\u200ball'` is not allowed", id="markdown"),
        pytest.param(["-target"], "no resource or module address", id="no address"),
        pytest.param(["-target=-destroy"], "no resource or module address", id="flag as address"),
        pytest.param(["-target=a.b[x]"], "between single ones", id="quotes lost"),
        pytest.param(["-target=a.b\n"], "no resource or module address", id="line end"),
        pytest.param(["-var=1a=2"], "sets no variable", id="bad name"),
        pytest.param(["-var=a"], "sets no variable", id="no value"),
        pytest.param(["-var=a=b\x1bc"], "sets no variable", id="control character"),
        pytest.param(["-var=a=1", "-var=a=2"], "given twice", id="twice"),
        pytest.param(["-target=a.b"] * 400, "4000 bytes at most", id="many"),
        pytest.param([f"-var=a={'x' * 4000}"], "4000 bytes at most", id="long"),
    ],
)
def test_refused(words: list[str], said: str) -> None:
    """Anything else is refused with what would be right."""
    with pytest.raises(UnsafeArgumentError, match=said):
        plan_arguments(words)


@given(st.lists(st.text(max_size=40), max_size=4))
@pytest.mark.parametrize("start", ["", "-", "-chdir=", "-var=", "-var=a=", "-out=", "-target="])
def test_nothing_else_passes(start: str, rest: list[str]) -> None:
    """Whatever is typed, what reaches Terraform is a flag of the list, on one line."""
    try:
        arguments = plan_arguments([start + word for word in rest])
    except UnsafeArgumentError:
        return
    for flag in arguments.flags:
        assert flag.startswith(("-target=", "-replace=", "-var=")) or flag in {
            "-refresh=false",
            "-destroy",
        }
        assert flag.isprintable()
    assert (arguments == PLAIN) is (not arguments.flags)
