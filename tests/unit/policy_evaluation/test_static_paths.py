"""Where the paths in file functions lead."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policy.static_paths import Reach, file_reads


def reach(expression: str) -> list[Reach]:
    """Where the reads of an expression lead, in module `modules/app` of project `live/prod`."""
    return [r.reach for r in file_reads(expression, module="modules/app", root="live/prod")]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param('${file("/etc/passwd")}', Reach.OUTSIDE, id="absolute"),
        pytest.param('${file("~/.aws/credentials")}', Reach.OUTSIDE, id="home"),
        pytest.param('${file("a.json")}', Reach.INSIDE, id="relative"),
        pytest.param('${file("../../shared/a.json")}', Reach.INSIDE, id="up-inside"),
        pytest.param('${file("../../../secret")}', Reach.OUTSIDE, id="up-outside"),
        pytest.param('${file("${path.module}/a.json")}', Reach.INSIDE, id="module"),
        pytest.param('${file("${path.module}/../../../a")}', Reach.OUTSIDE, id="module-up"),
        pytest.param('${file("${path.module}/${each.key}.json")}', Reach.DEPENDS, id="value"),
        pytest.param('${file("policies/${each.key}")}', Reach.DEPENDS, id="value-relative"),
        pytest.param("${file(var.path)}", Reach.UNKNOWN, id="variable"),
        pytest.param('${file("${var.path}/a")}', Reach.UNKNOWN, id="variable-template"),
        pytest.param('${file(format("/%s", "etc"))}', Reach.UNKNOWN, id="function"),
        pytest.param('${fileset(path.module, "*.json")}', Reach.INSIDE, id="fileset"),
        pytest.param('${fileset(path.module, "../../**")}', Reach.OUTSIDE, id="fileset-up"),
        pytest.param('${fileset("/", "**")}', Reach.OUTSIDE, id="fileset-root"),
        pytest.param('${filebase64sha256 ( "/proc/self/environ" )}', Reach.OUTSIDE, id="spaces"),
        pytest.param('${templatefile("t.tpl", {a = 1})}', Reach.INSIDE, id="template"),
        pytest.param('${file("a/\\u002e./../../x")}', Reach.UNKNOWN, id="escapes"),
        pytest.param('${file(path.module == "" ? "/a" : "/b")}', Reach.UNKNOWN, id="condition"),
        pytest.param('${fileset(path.module, "{.,}./*")}', Reach.OUTSIDE, id="fileset-braces"),
        pytest.param('${pathexpand("~")}', Reach.OUTSIDE, id="pathexpand"),
        pytest.param('${file("../../.git/config")}', Reach.OUTSIDE, id="git"),
    ],
)
def test_paths_lead_where_terraform_would_go(expression: str, expected: Reach) -> None:
    """Each way to write a path is judged as Terraform resolves it."""
    assert reach(expression)[:1] == [expected]


def test_other_functions_read_nothing() -> None:
    """A name that only ends like a file function is not one."""
    assert reach('${profile("/etc/passwd")} ${data.x.file}') == []


@given(st.text())
def test_any_text_has_an_answer(text: str) -> None:
    """No expression makes the scanner fail."""
    assert all(isinstance(item, Reach) for item in reach(f"file({text}"))
