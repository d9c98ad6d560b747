from __future__ import annotations

import io

import pytest
import yaml

from rpz.packer.config import compose as module
from rpz.packer.config.compose import LIST, LOADER, MAPPING, compose

DOCUMENTS = (
    "",
    "# nothing\n",
    "a: 1\nb: [x, 'y', \"z\", ~, 1.5, yes, 2020-01-01, <<, =]\n",
    "- a\n- {b: c, d: [e, [f, g], {h: i}]}\n- |\n  text\n  more\n",
    "- !!binary aGk=\n- !own x\n- ! 12\n- !own [a]\n",
    "list:\n" + "".join(f"  - name: n{n}\n    runs: [{n}, {n}]\n" for n in range(50)),
    "files:\n" + "".join(f'  - "/f{n}"  # {n} bytes\n' for n in range(50)) + "more: {}\n",
    "- &one [1, 2, 3, 4, 5]\n- *one\n- {&two k: v}\n- *two\n- [*one, *two, 3, 4, 5]\n",
    "deep:\n" + "".join(f"{'  ' * n}- - {n}\n" for n in range(1, 20)),
    "? [complex, key]\n: value\n",
    "﻿a: é\n",
    "a: 1\n---\nb: 2\n",
    "a: *nobody\n",
    "a: &x 1\nb: &x 2\n",
    "a: [1, 2\nb: 3\n",
    "a:\n\t- b\n",
    "a: 'no end\n",
    "a: b: c\n",
    'a: "\x01"\n',
    "a: b\n c\nd\n",
)


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    """Put aside what is longer than three."""
    monkeypatch.setattr(module, "BATCH", 3)
    monkeypatch.setattr("rpz.packer.rows.BATCH", 3)


def ours(node):
    value = node.value
    if node.kind == LIST:
        value = list(map(ours, value))
    elif node.kind == MAPPING:
        value = [(ours(key), ours(inner)) for key, inner in value]
    return node.tag, value, node.line, node.column


def theirs(node):
    value = node.value
    if isinstance(node, yaml.SequenceNode):
        value = list(map(theirs, value))
    elif isinstance(node, yaml.MappingNode):
        value = [(theirs(key), theirs(inner)) for key, inner in value]
    return node.tag, value, node.start_mark.line, node.start_mark.column


def told(parse):
    """What was found, or what is wrong and where."""
    try:
        return parse()
    except yaml.MarkedYAMLError as error:
        marks = [m and (m.line, m.column) for m in (error.problem_mark, error.context_mark)]
        return type(error), error.problem, error.context, marks
    except yaml.reader.ReaderError as error:
        return type(error), error.position, error.reason


@pytest.mark.parametrize("text", DOCUMENTS)
def test_nodes_are_those_of_yaml(text):
    def expected():
        node = yaml.compose(text, Loader=LOADER)
        return None if node is None else theirs(node)

    def found():
        node = compose(io.BytesIO(text.encode()))
        return None if node is None else ours(node)

    assert told(found) == told(expected)


def test_a_list_in_itself_is_one():
    node = compose(io.BytesIO(b"&a [1, 2, 3, 4, *a]"))
    assert node.value[4] is node


def test_what_is_nested_too_deeply():
    with pytest.raises((RecursionError, yaml.YAMLError)):
        compose(io.BytesIO(b"[" * 5000))
