"""Tests of the stdlib loggers that task records go to: listing them, reading by them, setting them back."""

from __future__ import annotations

import logging

import pytest

from rocket_magic import Rocketry, Session
from rocket_magic.exc import RepositoryError
from rocket_magic.log import TaskLogger

BASE = "tests.loggers"


@pytest.fixture
def app():
    """An application with two tasks that have a logger of their own, and one that has none."""
    logging.getLogger(BASE)
    app = Rocketry(execution="main", task_logger_basename=BASE)
    for name, logger in (("a", f"{BASE}.ab"), ("b", f"{BASE}.ab.b"), ("c", None)):
        app.task(name=name, func=lambda: None, logger_name=logger)()
    yield app
    app.session.delete_task_loggers()


def test_loggers_by_name(app):
    """The common one, and those below it that tasks or the program have."""
    logging.getLogger(f"{BASE}.programs")
    found = app.session.get_task_loggers(with_adapters=False)
    assert list(found) == [BASE, f"{BASE}.ab", f"{BASE}.ab.b", f"{BASE}.programs"]
    assert all(found[name] is logging.getLogger(name) for name in found)


def test_readers_show_what_goes_to_their_logger(app):
    """And through it to those above, as logging hands records on."""
    logging.getLogger(f"{BASE}.programs")
    readers = app.session.get_task_loggers()
    assert all(type(reader) is TaskLogger for reader in readers.values())
    shown = {name: sorted({row.task_name for row in one.get_records()}) for name, one in readers.items()}
    assert shown == {
        BASE: ["a", "b", "c"], f"{BASE}.ab": ["a", "b"], f"{BASE}.ab.b": ["b"], f"{BASE}.programs": []
    }  # fmt: skip
    assert [reader.name for reader in readers.values()] == list(readers)
    assert len(readers[f"{BASE}.ab"].get_records(action="success")) == 2
    assert readers[f"{BASE}.ab"].get_latest().task_name == "b"


def test_a_reader_sets_the_repository_of_the_session(app):
    """There is one for all loggers."""
    app.session.get_task_loggers()[f"{BASE}.ab"].set_repo("memory:")
    assert len(app.session.get_task_log()) >= 0
    with pytest.raises(RepositoryError):
        app.session.get_task_loggers()[f"{BASE}.ab"].set_repo("nothing:such")


def test_deleting_sets_them_back(app):
    """Handlers, filters and levels are gone; records, and the window to the repository, are there."""
    logger, below = logging.getLogger(BASE), logging.getLogger(f"{BASE}.ab")
    for one in (logger, below):
        one.addHandler(logging.NullHandler())
        one.addFilter(logging.Filter("nobody"))
        one.setLevel(logging.ERROR)
        one.propagate = False
    app.session.delete_task_loggers()
    assert [handler.repo for handler in logger.handlers] == [app.session.get_repo()]
    assert below.handlers == logger.filters == below.filters == []
    assert (logger.level, logger.propagate, below.level, below.propagate) == (0, True) * 2
    assert len(app.session.get_task_log()) == 6


def test_a_session_may_begin_with_fresh_loggers():
    """As Rocketry's option says; without it handlers stay."""
    logger = logging.getLogger(BASE)
    handler = logging.NullHandler()
    logger.addHandler(handler)
    Session(task_logger_basename=BASE)
    assert handler in logger.handlers
    Session(task_logger_basename=BASE, delete_existing_loggers=True)
    assert handler not in logger.handlers
