"""Tests of the default session: made when it is first needed, by whichever import comes first."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rocket_magic import Session
from rocket_magic._default_session import default_session, set_default_session


@pytest.fixture(autouse=True)
def forgotten():
    """No default session before and after."""
    set_default_session(None)
    yield
    set_default_session(None)


def test_it_is_made_once():
    """The next one to ask gets the same."""
    assert isinstance(default_session(), Session)
    assert default_session() is default_session()


def test_one_can_be_put_there():
    """Programs that have a session of their own."""
    session = Session()
    session.set_as_default()
    assert default_session() is session


@pytest.mark.parametrize(
    "code",
    [
        "from rocket_magic.tasks import FuncTask as T; T(print, name='t')",
        "from rocket_magic.conditions import TaskCond as T; T(name='t')(print)",
    ],
)
def test_a_task_needs_no_import_of_the_session(code):
    """The front door knows how a session is made."""
    told = f"{code}; from rocket_magic._default_session import default_session as d; print(d().get_tasks())"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert "'t'" in done.stdout
