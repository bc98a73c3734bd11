"""Environment, command line, secrets."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import pytest

from rocket_magic.args import (
    Arg,
    CliArg,
    EnvArg,
    FuncArg,
    ParameterPlan,
    Parameters,
    Private,
    mask_secrets,
    resolve,
)
from tests.args.fakes import FakeSession


@dataclass
class Login:
    """A dataclass that holds a secret."""

    user: str
    password: str


def test_env_arg(session: FakeSession, monkeypatch: pytest.MonkeyPatch):
    """EnvArg reads the variable when asked, and its repr shows no value."""
    monkeypatch.setenv("ROCKET_TEST", "s3cr3t")
    assert resolve(EnvArg("ROCKET_TEST"), session.env()) == "s3cr3t"
    assert repr(EnvArg("ROCKET_TEST", default="s3cr3t")) == "EnvArg('ROCKET_TEST')"
    monkeypatch.delenv("ROCKET_TEST")
    assert resolve(EnvArg("ROCKET_TEST", default=None), session.env()) is None
    with pytest.raises(KeyError, match="'ROCKET_TEST' is not set"):
        resolve(EnvArg("ROCKET_TEST"), session.env())


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--a", "b"], "b"),
        (["--a=b"], "b"),
        (["--ab", "x", "--a=c=d"], "c=d"),
        (["--a="], ""),
        (["--ab=x"], "default"),
        (["x", "--a"], "default"),
        ([], "default"),
    ],
)
def test_cli_arg(session: FakeSession, monkeypatch: pytest.MonkeyPatch, words: list[str], expected: str):
    """Both forms of an option are read; one that stands last has no value."""
    monkeypatch.setattr("sys.argv", ["prog", *words])
    assert resolve(CliArg("--a", default="default"), session.env()) == expected


def test_cli_arg_missing(session: FakeSession, monkeypatch: pytest.MonkeyPatch):
    """The message tells "not there" from "without a value"."""
    monkeypatch.setattr("sys.argv", ["prog", "--a"])
    with pytest.raises(KeyError, match="option --a stands last, without a value"):
        resolve(CliArg("--a"), session.env())
    with pytest.raises(KeyError, match="option --b is not on the command line"):
        resolve(CliArg("--b"), session.env())


SECRETS: list[Any] = [
    "s3cr3t",
    b"s3cr3t",
    31415,
    True,
    None,
    ["s3cr3t"],
    {"k": {"l": ["s3cr3t"]}},
    Login("me", "s3cr3t"),
]


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: type(secret).__name__)
def test_private_is_masked_everywhere(session: FakeSession, secret: Any):
    """A secret of any type is masked in every drawing, and reaches the task (X13)."""
    private = Private(secret)

    def report(token: Any) -> Any:
        return token

    call = ParameterPlan(report).build({}, {"token": private}, {}, session.env(), "post")
    parameters = Parameters(token=private)
    drawn = [
        repr(private),
        str(private),
        f"{private}",
        json.dumps({"token": private}, default=str),
        repr(parameters),
        str(parameters.as_text()),
        str(call.describe()),
        repr(call),
        repr(FuncArg(report, token=private)),
        repr(Arg("x", default=private)),
    ]
    assert not [text for text in drawn if "s3cr3t" in text or "31415" in text]
    assert call() == secret


def test_messages_are_masked(session: FakeSession, monkeypatch: pytest.MonkeyPatch):
    """A call masks the secrets it was given in text that quotes them, also those found through others."""
    monkeypatch.setenv("ROCKET_TEST", "environ")
    session.parameters.update(
        token=Private("s3cr3t"), nested=FuncArg(lambda t=Arg("token"): t + "!"), env=EnvArg("ROCKET_TEST")
    )

    def report(token: Any, nested: Any, env: Any, pin: Any = Private({"pin": 31415})) -> None: ...

    call = ParameterPlan(report).build(session.parameters, {}, {}, session.env(), "pre")
    text = call.masked("login s3cr3t failed for environ with 31415")
    assert text == "login ***** failed for ***** with *****"


def test_mask_leaves_ordinary_words():
    """Short secrets would mask half of a message; they are left."""
    assert mask_secrets("1 is on, True", ["1", True, None, "on"]) == "1 is on, True"
    assert mask_secrets("a\\nbcd", ["a\nbcd"]) == "*****"


def test_drawing_never_calls(session: FakeSession):
    """No drawing of a parameter calls its function."""

    def boom() -> None:
        raise AssertionError

    parameters = Parameters(x=FuncArg(boom), y=Private(FuncArg(boom)))
    assert "FuncArg(boom)" in repr(parameters)
    assert parameters.as_text() == {"x": "FuncArg(boom)", "y": "*****"}


def test_repr_that_raises_is_drawn():
    """A value whose repr fails doesn't break the drawing of the others."""

    class Broken:
        def __repr__(self) -> str:
            raise RuntimeError

    assert Parameters(a=Broken(), b=1).as_text() == {
        "a": "<Broken, its repr raises RuntimeError>",
        "b": "1",
    }
