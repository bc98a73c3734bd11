"""The mapping of one level of parameters."""

from __future__ import annotations

import copy
import pickle

import pytest

from rocket_magic.args import Arg, Parameters
from rocket_magic.exc import ParameterError


def test_mapping():
    """It is a mapping that gives values back as they were set."""
    argument = Arg("x")
    parameters = Parameters({"a": 1}, b=argument)
    assert parameters["b"] is argument
    assert parameters.get("c", 3) == 3
    assert list(parameters) == ["a", "b"]
    assert len(parameters) == 2
    assert "a" in parameters
    assert parameters == {"a": 1, "b": argument}
    del parameters["a"]
    assert parameters.pop("b") is argument
    assert not parameters
    with pytest.raises(KeyError):
        del parameters["a"]


def test_union_update_copy_clear():
    """`|` makes a new one, `update` and `|=` change it, `copy` stands apart."""
    parameters = Parameters(a=1)
    assert (parameters | {"a": 2, "b": 3}) == {"a": 2, "b": 3}
    assert ({"a": 0, "c": 1} | parameters) == {"a": 1, "c": 1}
    assert isinstance({"c": 1} | parameters, Parameters)
    twin = parameters.copy()
    parameters |= {"b": 2}
    parameters.update([("c", 3)], d=4)
    assert parameters == {"a": 1, "b": 2, "c": 3, "d": 4}
    assert twin == copy.copy(twin) == pickle.loads(pickle.dumps(twin)) == {"a": 1}
    parameters.clear()
    assert parameters == {}


@pytest.mark.parametrize("name", ["", 3, None])
def test_names_are_text(name: object):
    """A name that can't be a parameter is refused and changes nothing."""
    parameters = Parameters(a=1)
    with pytest.raises(ParameterError, match="must be text"):
        parameters.update({"b": 2, name: 1})
    assert parameters == {"a": 1}


def test_listeners():
    """Listeners are told the names, once per change, until they are taken off."""
    parameters = Parameters(a=1)
    told: list[set[str]] = []
    forget = parameters.on_change(told.append)
    parameters["b"] = 1
    parameters.update(c=1, d=2)
    del parameters["a"]
    parameters.update({})
    parameters.clear()
    forget()
    parameters["e"] = 1
    assert told == [{"b"}, {"c", "d"}, {"a"}, {"b", "c", "d"}]


def test_iteration_survives_a_change():
    """A reader that iterates never meets a mapping that changes size."""
    parameters = Parameters(a=1, b=2)
    seen = []
    for name in parameters:
        parameters[name + name] = 0
        seen.append(name)
    assert seen == ["a", "b"]
