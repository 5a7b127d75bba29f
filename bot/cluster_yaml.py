"""The text of a cluster's object, as YAML or JSON, read without trust."""

from typing import Any

import yaml

# etcd holds no object over 1.5 MB; as YAML it may be somewhat longer.
LONGEST_TEXT = 4 * 1024 * 1024
# Kubernetes objects nest less deeply; the fast loader ends the process where YAML nests too deeply.
DEEPEST = 100


def read_object(text: str) -> Any:
    """The plain values in this text; raises YAMLError or ValueError."""
    if len(text) > LONGEST_TEXT:
        raise ValueError("longer than any object of a cluster")
    _check_depth(text)
    return yaml.load(text, Loader=yaml.CSafeLoader)


def _check_depth(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEEPEST:
            raise ValueError("nested more deeply than any object of a cluster")
