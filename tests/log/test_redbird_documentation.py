"""What Red Bird's documentation shows of its repositories, done with the installed, unmodified Red Bird.

Every page has its tests here: CRUD, filtering, the repositories one by one, the logging handler, the SQL
helpers and the two example programs. The things stored are ours.
"""

from __future__ import annotations

import gc
import json
import logging
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

import rocket_magic  # noqa: F401  its finder lets redbird load beside pydantic 2

pytest.importorskip("redbird")
sqlalchemy = pytest.importorskip("sqlalchemy")


class Boat(BaseModel):
    """The item of most tests."""

    id: str
    name: str
    harbour: str
    metres: int


FLEET = (
    {"id": "b-1", "name": "Aava", "harbour": "Kotka", "metres": 7},
    {"id": "b-2", "name": "Bora", "harbour": "Rijeka", "metres": 12},
    {"id": "b-3", "name": "Calypso", "harbour": "Kotka", "metres": 9},
    {"id": "b-4", "name": "Dora", "harbour": "Split", "metres": 12},
)

Make = Callable[[Path], Any]


def _engine(folder: Path) -> Any:
    engine = sqlalchemy.create_engine(f"sqlite:///{folder / 'boats.db'}", poolclass=sqlalchemy.pool.NullPool)
    metadata = sqlalchemy.MetaData()
    text = sqlalchemy.String
    sqlalchemy.Table(
        "boats",
        metadata,
        sqlalchemy.Column("id", text, primary_key=True),
        sqlalchemy.Column("name", text),
        sqlalchemy.Column("harbour", text),
        sqlalchemy.Column("metres", sqlalchemy.Integer),
    )
    metadata.create_all(engine)
    return engine


def _orm() -> Any:
    from sqlalchemy.orm import declarative_base

    class Row(declarative_base()):
        __tablename__ = "boats"
        id = sqlalchemy.Column(sqlalchemy.String, primary_key=True)
        name = sqlalchemy.Column(sqlalchemy.String)
        harbour = sqlalchemy.Column(sqlalchemy.String)
        metres = sqlalchemy.Column(sqlalchemy.Integer)

    return Row


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


MONGO = "mongodb://localhost:27017"


def memory(_: Path) -> Any:
    """Dicts in a list."""
    from redbird.repos import MemoryRepo

    return MemoryRepo(id_field="id")


def memory_model(_: Path) -> Any:
    """Models in a list."""
    from redbird.repos import MemoryRepo

    return MemoryRepo(model=Boat, id_field="id")


def csv_model(folder: Path) -> Any:
    """Models in a CSV file."""
    from redbird.repos import CSVFileRepo

    return CSVFileRepo(filename=folder / "boats.csv", model=Boat, id_field="id")


def json_dicts(folder: Path) -> Any:
    """A folder of JSON files."""
    from redbird.repos import JSONDirectoryRepo

    return JSONDirectoryRepo(path=_folder(folder / "boats"), id_field="id")


def json_model(folder: Path) -> Any:
    """A folder of JSON files with models."""
    from redbird.repos import JSONDirectoryRepo

    return JSONDirectoryRepo(path=_folder(folder / "boats"), model=Boat, id_field="id")


def sql_model(folder: Path) -> Any:
    """A table found in the database, items as models."""
    from redbird.repos import SQLRepo

    return SQLRepo(engine=_engine(folder), table="boats", model=Boat, id_field="id")


def sql_dicts(folder: Path) -> Any:
    """The same with dicts."""
    from redbird.repos import SQLRepo

    return SQLRepo(engine=_engine(folder), table="boats", model=dict, id_field="id")


def sql_session(folder: Path) -> Any:
    """A session of SQLAlchemy's instead of an engine."""
    from redbird.repos import SQLRepo
    from sqlalchemy.orm import Session

    return SQLRepo(session=Session(_engine(folder)), table="boats", model=Boat, id_field="id")


def sql_orm(folder: Path) -> Any:
    """An ORM class, which is the item's model, too."""
    from redbird.repos import SQLRepo

    return SQLRepo(model_orm=_orm(), engine=_engine(folder), id_field="id")


def sql_orm_and_model(folder: Path) -> Any:
    """An ORM class and a model of pydantic's."""
    from redbird.repos import SQLRepo

    return SQLRepo(model=Boat, model_orm=_orm(), engine=_engine(folder), id_field="id")


def sql_expressions(folder: Path) -> Any:
    """SQL expressions instead of the ORM."""
    from redbird.repos import SQLExprRepo

    return SQLExprRepo(engine=_engine(folder), table="boats", id_field="id")


def mongo(_: Path) -> Any:
    """A collection, by the server's address."""
    from redbird.repos import MongoRepo

    return MongoRepo(uri=MONGO, database="port", collection="boats", id_field="id")


def mongo_model(_: Path) -> Any:
    """A collection with models, by a client."""
    import pymongo
    from redbird.repos import MongoRepo

    client: Any = pymongo.MongoClient(MONGO)
    return MongoRepo(client=client, database="port", collection="boats", id_field="id", model=Boat)


REPOSITORIES = (
    memory, memory_model, csv_model, json_dicts, json_model, sql_model, sql_dicts, sql_session, sql_orm,
    sql_orm_and_model, sql_expressions, mongo, mongo_model,
)  # fmt: skip


def _close(repo: Any) -> None:
    session = getattr(repo, "session", None)
    for name in ("remove", "close"):
        if hasattr(session, name):
            getattr(session, name)()
            return


@pytest.fixture(params=REPOSITORIES, ids=lambda make: make.__name__)
def repo(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    """Each repository with the fleet in it; no server is needed for MongoDB's."""
    mongomock = pytest.importorskip("mongomock")
    with mongomock.patch(servers=(("localhost", 27017),)):
        made = request.param(tmp_path)
        for boat in FLEET:
            made.add(made.model(**boat))
        yield made
        _close(made)


def plain(item: Any) -> dict[str, Any]:
    """An item of any kind as a dict of the boat's fields."""
    found = item if isinstance(item, dict) else vars(item)
    return {name: found[name] for name in Boat.model_fields}


def ids(items: Any) -> list[str]:
    """The items' ids; sorted, as a folder has no order."""
    return sorted(plain(item)["id"] for item in items)


# CRUD and filtering, the same for all


def test_reading(repo: Any) -> None:
    """A repository is iterated, filtered, and asked for the first, the last and a few."""
    assert [plain(boat) for boat in sorted(repo, key=lambda boat: plain(boat)["id"])] == list(FLEET)
    found = repo.filter_by(harbour="Kotka")
    assert ids(found.all()) == ids(repo.filter_by(harbour="Kotka")) == ["b-1", "b-3"]
    ends = [plain(found.first())["id"], plain(found.last())["id"]]
    assert (sorted(ends) if not repo.ordered else ends) == ["b-1", "b-3"]
    assert len(repo.filter_by().limit(2)) == 2
    assert repo.filter_by(harbour="Kotka").count() == 2
    assert repo.filter_by(harbour="Atlantis").first() is None


def test_reading_by_id(repo: Any) -> None:
    """An item is found by its id in two ways, and a missing one is a KeyError."""
    assert plain(repo["b-2"]) == plain(repo.get_by("b-2").first()) == FLEET[1]
    with pytest.raises(KeyError):
        repo["b-9"]


def test_updating(repo: Any) -> None:
    """One changed item goes back; several are changed where they are."""
    boat = repo["b-1"]
    if isinstance(boat, dict):
        boat = boat | {"metres": 8}  # a copy: Red Bird takes the id out of what it is given
    else:
        boat.metres += 1
    repo.update(boat)
    assert plain(repo["b-1"])["metres"] == 8
    repo.filter_by(harbour="Kotka").update(metres=30)
    repo.get_by("b-4").update(metres=13)
    repo["b-2"] = {"metres": 14}
    assert [plain(repo[key])["metres"] for key in ("b-1", "b-2", "b-3", "b-4")] == [30, 14, 30, 13]


def test_deleting(repo: Any) -> None:
    """By key, by item, by id and by filter."""
    del repo["b-1"]
    assert ids(repo) == ["b-2", "b-3", "b-4"]
    repo.delete(repo["b-2"])
    assert ids(repo) == ["b-3", "b-4"]
    repo.get_by("b-3").delete()
    repo.filter_by(harbour="Split").delete()
    assert list(repo) == []


def test_replacing(repo: Any) -> None:
    """An item takes the place of the one with its id."""
    repo.replace(repo.model(id="b-1", name="Eos", harbour="Piran", metres=6))
    assert plain(repo["b-1"])["name"] == "Eos"
    assert ids(repo) == ["b-1", "b-2", "b-3", "b-4"]


def test_operators(repo: Any) -> None:
    """Comparisons, one of several, and a span."""
    from redbird.oper import (
        between,
        greater_equal,
        greater_than,
        in_,
        less_equal,
        less_than,
        not_equal,
    )

    def found(**query: Any) -> list[str]:
        return ids(repo.filter_by(**query).all())

    assert found(metres=greater_than(9)) == ["b-2", "b-4"]
    assert found(metres=less_than(9)) == ["b-1"]
    assert found(metres=not_equal(12)) == ["b-1", "b-3"]
    assert found(metres=greater_equal(9)) == ["b-2", "b-3", "b-4"]
    assert found(metres=less_equal(9)) == ["b-1", "b-3"]
    assert found(metres=between(8, 10)) == ["b-3"]
    assert found(harbour=in_(["Split", "Rijeka"])) == ["b-2", "b-4"]
    assert found(harbour="Kotka", metres=greater_than(8)) == ["b-3"]


# What each page says beside that


def test_free_items_in_memory() -> None:
    """Dicts of any shape; also a list that exists already."""
    from redbird.repos import MemoryRepo

    repo = MemoryRepo()
    repo.add({"name": "Aava", "sails": 3})
    repo.add({"name": "Bora"})
    repo.filter_by(name="Aava").update(sails=2)
    assert repo.filter_by().all() == [{"name": "Aava", "sails": 2}, {"name": "Bora"}]
    given = MemoryRepo(collection=[{"kind": "van"}, {"kind": "truck"}])
    assert given.filter_by(kind="van").count() == 1
    assert MemoryRepo(model=dict).model is dict


def test_models_are_checked() -> None:
    """What is no boat doesn't get in as one."""
    from redbird.repos import MemoryRepo

    repo = MemoryRepo(model=Boat)
    with pytest.raises(ValidationError):
        repo.add(Boat(id="x", name="y", harbour="z", metres="long"))
    assert repo.filter_by().all() == []


def test_csv_without_a_model(tmp_path: Path) -> None:
    """Fields are named; values come back as text, empty ones as None."""
    from redbird.repos import CSVFileRepo

    path = tmp_path / "boats.csv"
    repo = CSVFileRepo(filename=path, fieldnames=["id", "name", "metres"])
    repo.add({"id": "b-1", "name": "Aava", "metres": 7})
    repo.add({"id": "b-2", "name": "", "metres": 12})
    assert list(repo) == [
        {"id": "b-1", "name": "Aava", "metres": "7"},
        {"id": "b-2", "name": None, "metres": "12"},
    ]
    assert path.read_text().splitlines()[0] == "id,name,metres"


def test_json_files_are_named_by_id(tmp_path: Path) -> None:
    """One file an item, its stem the id."""
    repo = json_model(tmp_path)
    repo.add(Boat(**FLEET[0]))
    assert json.loads((tmp_path / "boats" / "b-1.json").read_text()) == FLEET[0]
    with pytest.raises(ValidationError, match="id_field"):
        type(repo)(path=tmp_path)


def test_sql_by_connection_string(tmp_path: Path) -> None:
    """The example program for the command line: a table made from the model, and CRUD on it."""
    from redbird.repos import SQLRepo

    class Item(BaseModel):
        id: int
        name: str = "No name"

    url = f"sqlite:///{tmp_path / 'items.db'}"
    repo = SQLRepo(conn_string=url, table="items", model=Item, id_field="id", if_missing="create")
    try:
        repo.add(Item(id=1))
        repo.add(Item(id=2, name="anchor"))
        repo[1] = {"name": "rope"}
        repo.filter_by(id=2).update(name="chain")
        assert list(repo) == [Item(id=1, name="rope"), Item(id=2, name="chain")]
        del repo[2]
        assert repo[1] == Item(id=1, name="rope")
        assert repo.filter_by().count() == 1
    finally:
        _close(repo)
        repo.session.get_bind().dispose()


def test_reflected_models_need_an_old_package(tmp_path: Path) -> None:
    """`reflect_model=True` wants pydantic-sqlalchemy, which no new SQLAlchemy has: it says so."""
    from redbird.repos import SQLRepo

    with pytest.raises(ImportError, match="pydantic_sqlalchemy"):
        SQLRepo(model_orm=_orm(), reflect_model=True, engine=_engine(tmp_path))


def test_mongo_by_address() -> None:
    """An address is taken as it is; nobody is called before the first question."""
    from redbird.repos import MongoRepo

    repo = MongoRepo(uri="mongodb://user:secret@127.0.0.1:1", database="port", collection="boats", model=Boat)
    assert (repo.database, repo.collection, repo.model) == ("port", "boats", Boat)
    repo.session.client.close()


def test_own_repository() -> None:
    """A subclass of the template with its four methods, used as the page does."""
    from redbird.templates import TemplateRepo

    def fits(item: dict[str, Any], query: dict[str, Any]) -> bool:
        return all(item[key] == value for key, value in query.items())

    class Shelf(TemplateRepo):
        kept = []  # noqa: RUF012  as the page writes it: without an annotation

        def insert(self, item):
            self.kept.append(item)

        def query_data(self, query):
            yield from (item for item in self.kept if fits(item, query))

        def query_update(self, query, values):
            for item in self.query_data(query):
                item.update(values)

        def query_delete(self, query):
            self.kept[:] = [item for item in self.kept if not fits(item, query)]

    repo = Shelf()
    for name, pages in (("Odes", 30), ("Maps", 30), ("Tides", 40)):
        repo.add({"name": name, "pages": pages})
    assert repo.filter_by(pages=30).first() == {"name": "Odes", "pages": 30}
    assert [book["name"] for book in repo.filter_by(pages=30).all()] == ["Odes", "Maps"]
    repo.filter_by(name="Tides").update(pages=41)
    repo.filter_by(pages=30).delete()
    assert repo.filter_by().all() == [{"name": "Tides", "pages": 41}]


class _Port(BaseHTTPRequestHandler):
    """A REST service over a dict, as Red Bird's page expects one."""

    boats: dict[str, dict[str, Any]]
    asked: list[tuple[str, str | None]]

    def _answer(self, value: Any, status: int = 200) -> None:
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _parts(self) -> tuple[str, dict[str, str]]:
        self.asked.append((self.path, self.headers.get("Authorization")))
        url = urllib.parse.urlsplit(self.path)
        return url.path.removeprefix("/boats").strip("/"), dict(urllib.parse.parse_qsl(url.query))

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def do_GET(self) -> None:
        key, query = self._parts()
        if key:
            found = self.boats.get(key)
            self._answer(found, 404 if found is None else 200)
            return
        query.pop("fields", None)
        fits = [b for b in self.boats.values() if all(str(b[k]) == v for k, v in query.items())]
        self._answer(fits)

    def do_POST(self) -> None:
        self._parts()
        boat = self._body()
        self.boats[boat["id"]] = boat
        self._answer(boat, 201)

    def do_PATCH(self) -> None:
        key, _ = self._parts()
        self.boats[key].update(self._body())
        self._answer(self.boats[key])

    def do_PUT(self) -> None:
        key, _ = self._parts()
        self.boats[key] = self._body()
        self._answer(self.boats[key])

    def do_DELETE(self) -> None:
        key, _ = self._parts()
        self._answer(self.boats.pop(key))

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""


@pytest.fixture
def port() -> Iterator[tuple[str, type[_Port]]]:
    """A REST service on loopback: its address, and what it was asked."""
    service: Any = type("Port", (_Port,), {"boats": {boat["id"]: dict(boat) for boat in FLEET}, "asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), service)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/boats", service
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_rest(port: tuple[str, type[_Port]]) -> None:
    """CRUD over HTTP, with a token and a parameter for every request."""
    from redbird.repos import RESTRepo

    url, service = port
    repo = RESTRepo(
        url=url, model=Boat, id_field="id",
        headers={"Authorization": "Bearer 1234"}, url_params={"fields": "id,name"},
    )  # fmt: skip
    assert ids(repo.filter_by(harbour="Kotka").all()) == ["b-1", "b-3"]
    assert plain(repo["b-2"]) == FLEET[1]
    assert {token for _, token in service.asked} == {"Bearer 1234"}
    assert all("fields=id%2Cname" in path for path, _ in service.asked)
    repo.add(Boat(id="b-5", name="Eos", harbour="Piran", metres=6))
    repo.filter_by(id="b-5").update(metres=7)
    assert service.boats["b-5"]["metres"] == 7
    boat = repo["b-5"]
    boat.name = "Eos II"
    repo.update(boat)
    assert service.boats["b-5"]["name"] == "Eos II"
    repo.replace(Boat(id="b-5", name="Eos III", harbour="Piran", metres=8))
    assert service.boats["b-5"]["name"] == "Eos III"
    del repo["b-5"]
    assert sorted(service.boats) == ["b-1", "b-2", "b-3", "b-4"]


def test_example_of_an_api() -> None:
    """The functions of the example program for a web service; the repository is what it shows."""
    from redbird.repos import MemoryRepo

    class Item(BaseModel):
        id: int
        name: str

    repo = MemoryRepo(model=Item, id_field="id")
    repo.add(Item(id=1, name="rope"))
    repo.add(Item(id=2, name="anchor"))
    repo[1] = {"name": "chain"}
    assert repo.filter_by().all() == [Item(id=1, name="chain"), Item(id=2, name="anchor")]
    del repo[2]
    assert [repo[1]] == list(repo)


# The logging handler


@pytest.fixture
def logger() -> Iterator[logging.Logger]:
    """A logger of our own without handlers."""
    made = logging.getLogger("harbour master")
    made.setLevel(logging.DEBUG)
    made.propagate = False
    yield made
    made.handlers.clear()


def test_log_records_in_a_repository(logger: logging.Logger) -> None:
    """Records are dicts with the message as the formatter made it."""
    from redbird.logging import RepoHandler
    from redbird.repos import MemoryRepo

    repo = MemoryRepo()
    handler = RepoHandler(repo=repo)
    handler.setFormatter(logging.Formatter("%(levelname)s: %(message)s"))
    logger.addHandler(handler)
    logger.debug("ebb")
    logger.info("flood of %s", "the day")
    logger.warning("storm")
    (found,) = repo.filter_by(levelname="INFO").all()
    assert (found["msg"], found["formatted_message"]) == ("flood of %s", "INFO: flood of the day")
    assert repo.filter_by().count() == 3


def test_log_records_with_a_model(logger: logging.Logger) -> None:
    """A model chooses which attributes of a record are kept."""
    from redbird.logging import RepoHandler
    from redbird.repos import MemoryRepo

    class Line(BaseModel):
        name: str
        levelname: str
        levelno: int
        created: float
        exc_text: str | None
        formatted_message: str

    repo = MemoryRepo(model=Line)
    logger.addHandler(RepoHandler(repo=repo))
    try:
        int("aground")
    except ValueError:
        logger.exception("a mishap")
    (line,) = repo.filter_by(levelname="ERROR").all()
    assert isinstance(line, Line)
    assert line.formatted_message.startswith("a mishap")
    assert "ValueError: invalid literal" in line.exc_text


# The SQL helpers


@pytest.fixture
def engine() -> Iterator[Any]:
    """A database in memory."""
    made = sqlalchemy.create_engine("sqlite://")
    yield made
    gc.collect()  # `open_transaction` never gives its connection back
    made.dispose()


def test_table_with_python_types(engine: Any) -> None:
    """Made from types, filled by dicts, asked, changed and emptied by dicts."""
    from redbird.oper import greater_than
    from redbird.sql import Table

    table = Table("stores", bind=engine)
    assert not table.exists()
    table.create({"product": str, "quantity": int})
    assert table.exists()
    table.insert({"product": "rope", "quantity": 2})
    table.insert([{"product": "tar", "quantity": 1}, {"product": "nails", "quantity": 600}])
    assert list(table.select({"product": "rope", "quantity": 2})) == [{"product": "rope", "quantity": 2}]
    assert [row["product"] for row in table.select({"quantity": greater_than(2)})] == ["nails"]
    assert table.update(where={"product": "rope"}, values={"quantity": 3}) == 1
    assert table.delete({"product": "tar"}) == 1
    raw = table.select("SELECT * FROM stores WHERE quantity < :most", parameters={"most": 10})
    assert list(raw) == [{"product": "rope", "quantity": 3}]
    assert table.count() == 2
    assert table.count({"product": "rope"}) == 1
    table.update({}, {"quantity": 0})
    assert table.delete({}) == 2
    table.drop()
    assert not table.exists()


def test_table_with_expressions(engine: Any) -> None:
    """The same with SQLAlchemy's columns and expressions."""
    from redbird.sql import Table
    from sqlalchemy import Column, Integer, String

    table = Table("stores", bind=engine)
    table.create([Column("product", String(), primary_key=True), Column("quantity", Integer())])
    table.insert([{"product": "rope", "quantity": 2}, {"product": "tar", "quantity": 1}])
    both = (Column("product") == "rope") & (Column("quantity") == 2)
    assert list(table.select(both)) == [{"product": "rope", "quantity": 2}]
    assert table.update(where=Column("product") == "rope", values={"quantity": 3}) == 1
    assert table.delete(Column("product") == "tar") == 1
    assert list(table.select()) == [{"product": "rope", "quantity": 3}]


@pytest.mark.parametrize(
    "columns",
    [["a", "b"], [{"name": "a", "type_": str}, {"name": "b", "type_": str}]],
    ids=["names", "dicts"],
)
def test_ways_to_make_a_table(engine: Any, columns: Any) -> None:
    """Names alone are text; dicts say the type."""
    from redbird.sql import Table

    table = Table("things", bind=engine)
    table.create(columns)
    table.insert({"a": "1", "b": "2"})
    assert list(table.select()) == [{"a": "1", "b": "2"}]
    table.create(columns, exist_ok=True)


def test_table_by_key(engine: Any) -> None:
    """Rows of a table with two keys: one, those under a first key, a range, several; and deleted."""
    from redbird.sql import Table

    table = Table("berths", bind=engine)
    table.create([
        {"name": "pier", "type_": str, "primary_key": True},
        {"name": "place", "type_": int, "primary_key": True},
        {"name": "boat", "type_": str, "primary_key": False},
    ])  # fmt: skip
    boats = [("a", 1, "Aava"), ("a", 2, "Bora"), ("b", 1, "Calypso"), ("c", 1, "Dora")]
    table.insert([{"pier": pier, "place": place, "boat": boat} for pier, place, boat in boats])
    assert table[("a", 1)]["boat"] == "Aava"
    assert [row["boat"] for row in table["a"]] == ["Aava", "Bora"]
    assert [row["boat"] for row in table["a":"b"]] == ["Aava", "Bora", "Calypso"]
    assert [row["boat"] for row in table[["a", "c"]]] == ["Aava", "Bora", "Dora"]
    del table[("a", 1)]
    assert table.count() == 3


def test_transactions(engine: Any) -> None:
    """As a context, opened by hand, and over two tables: kept together or not at all."""
    from redbird.sql import Table

    for name in ("sails", "oars"):
        Table(name, bind=engine).create({"boat": str})
    table = Table("sails", bind=engine)
    with table.transaction() as trans:
        trans.insert({"boat": "Aava"})
        trans.insert({"boat": "Bora"})
        trans.delete({"boat": "Bora"})

    def fail_halfway() -> None:
        with table.transaction() as trans:
            trans.delete({})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_halfway()
    assert [row["boat"] for row in table.select()] == ["Aava"]
    opened = table.open_transaction()
    opened.insert({"boat": "Calypso"})
    opened.rollback()
    opened = table.open_transaction()
    opened.insert({"boat": "Dora"})
    opened.commit()
    assert [row["boat"] for row in table.select()] == ["Aava", "Dora"]
    with engine.begin() as both:
        Table("sails", bind=both).delete({"boat": "Dora"})
        Table("oars", bind=both).insert({"boat": "Dora"})
    assert Table("oars", bind=engine).count() == table.count() == 1


def test_functions(engine: Any) -> None:
    """The same as functions that take the table's name."""
    from redbird import sql

    sql.create_table({"product": str, "quantity": int}, bind=engine, table="stores")
    sql.insert(
        [{"product": "rope", "quantity": 2}, {"product": "tar", "quantity": 1}], bind=engine, table="stores"
    )
    sql.update({"product": "tar"}, {"quantity": 5}, bind=engine, table="stores")
    sql.delete({"product": "rope"}, bind=engine, table="stores")
    assert list(sql.select({"product": "tar"}, bind=engine, table="stores")) == [
        {"product": "tar", "quantity": 5}
    ]
    assert sql.count(bind=engine, table="stores") == 1
    assert [tuple(row) for row in sql.execute("SELECT quantity FROM stores", bind=engine)] == [(5,)]
