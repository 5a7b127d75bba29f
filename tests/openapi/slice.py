"""Cut GitHub's OpenAPI description down to the operations the local hub serves.

Usage: python tests/openapi/slice.py path/to/api.github.com.json

The full file is `generated/api.github.com.json` of the npm package `@octokit/openapi`.
Examples and descriptions are dropped; everything that validates is kept as it is.
"""

import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).with_name("github.json")
METHODS = {"get", "put", "post", "patch", "delete"}
DROPPED = {"description", "example", "examples", "externalDocs", "x-github", "deprecationNotice"}
REPO = "/repos/{owner}/{repo}"
SERVED = {
    "/app": "get",
    "/app-manifests/{code}/conversions": "post",
    "/app/hook/config": "get",
    "/app/hook/deliveries": "get",
    "/app/hook/deliveries/{delivery_id}": "get",
    "/app/hook/deliveries/{delivery_id}/attempts": "post",
    "/app/installations": "get",
    "/app/installations/{installation_id}": "get",
    "/app/installations/{installation_id}/access_tokens": "post",
    "/installation/repositories": "get",
    "/orgs/{org}/teams/{team_slug}/memberships/{username}": "get",
    "/rate_limit": "get",
    "/users/{username}": "get",
    f"{REPO}": "get",
    f"{REPO}/installation": "get",
    f"{REPO}/branches": "get",
    f"{REPO}/branches/{{branch}}": "get",
    f"{REPO}/branches/{{branch}}/protection": "get",
    f"{REPO}/check-runs": "post",
    f"{REPO}/check-runs/{{check_run_id}}": "get patch",
    f"{REPO}/check-runs/{{check_run_id}}/annotations": "get",
    f"{REPO}/check-runs/{{check_run_id}}/rerequest": "post",
    f"{REPO}/check-suites/{{check_suite_id}}": "get",
    f"{REPO}/collaborators/{{username}}/permission": "get",
    f"{REPO}/commits/{{ref}}": "get",
    f"{REPO}/commits/{{commit_sha}}/pulls": "get",
    f"{REPO}/commits/{{ref}}/check-runs": "get",
    f"{REPO}/commits/{{ref}}/check-suites": "get",
    f"{REPO}/commits/{{ref}}/status": "get",
    f"{REPO}/compare/{{basehead}}": "get",
    f"{REPO}/contents/{{path}}": "get put",
    f"{REPO}/deployments": "get post",
    f"{REPO}/deployments/{{deployment_id}}": "get",
    f"{REPO}/deployments/{{deployment_id}}/statuses": "get post",
    f"{REPO}/git/blobs": "post",
    f"{REPO}/git/blobs/{{file_sha}}": "get",
    f"{REPO}/git/commits": "post",
    f"{REPO}/git/commits/{{commit_sha}}": "get",
    f"{REPO}/git/matching-refs/{{ref}}": "get",
    f"{REPO}/git/ref/{{ref}}": "get",
    f"{REPO}/git/refs": "post",
    f"{REPO}/git/refs/{{ref}}": "patch delete",
    f"{REPO}/git/trees": "post",
    f"{REPO}/git/trees/{{tree_sha}}": "get",
    f"{REPO}/issues": "get post",
    f"{REPO}/issues/{{issue_number}}": "get patch",
    f"{REPO}/issues/{{issue_number}}/comments": "get post",
    f"{REPO}/issues/{{issue_number}}/labels": "get post",
    f"{REPO}/issues/comments/{{comment_id}}": "get patch delete",
    f"{REPO}/issues/comments/{{comment_id}}/reactions": "get post",
    f"{REPO}/pulls": "get post",
    f"{REPO}/pulls/{{pull_number}}": "get patch",
    f"{REPO}/pulls/{{pull_number}}/comments": "get",
    f"{REPO}/pulls/{{pull_number}}/commits": "get",
    f"{REPO}/pulls/{{pull_number}}/files": "get",
    f"{REPO}/pulls/{{pull_number}}/merge": "get put",
    f"{REPO}/pulls/{{pull_number}}/reviews": "get post",
    f"{REPO}/statuses/{{sha}}": "post",
}


def sliced(whole: dict[str, Any]) -> dict[str, Any]:
    """Return the served operations with every component they reach."""
    paths = {path: _operations(whole["paths"][path], verbs) for path, verbs in SERVED.items()}
    kept: dict[str, dict[str, Any]] = {}
    waiting = list(_references(paths))
    while waiting:
        kind, name = waiting.pop().split("/")[2:]
        if name in kept.setdefault(kind, {}):
            continue
        kept[kind][name] = _trimmed(whole["components"][kind][name])
        waiting.extend(_references(kept[kind][name]))
    return {
        "openapi": whole["openapi"],
        "info": _trimmed(whole["info"]),
        "paths": paths,
        "components": kept,
    }


def _operations(item: dict[str, Any], verbs: str) -> dict[str, Any]:
    wanted = set(verbs.split())
    return {key: _trimmed(item[key]) for key in item if key in wanted or key not in METHODS}


def _trimmed(node: Any, *, names: bool = False) -> Any:
    """Drop prose; under `properties` the keys are field names, never prose."""
    if isinstance(node, dict):
        kept = node if names else {key: node[key] for key in node if key not in DROPPED}
        return {key: _trimmed(kept[key], names=key == "properties") for key in kept}
    if isinstance(node, list):
        return [_trimmed(part) for part in node]
    return node


def _references(node: Any) -> list[str]:
    if isinstance(node, list):
        return [found for part in node for found in _references(part)]
    if not isinstance(node, dict):
        return []
    own = [node["$ref"]] if isinstance(node.get("$ref"), str) else []
    return own + [found for part in node.values() for found in _references(part)]


def main() -> None:
    """Write the slice beside this script."""
    whole = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    text = json.dumps(sliced(whole), sort_keys=True, separators=(",", ":"))
    TARGET.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
