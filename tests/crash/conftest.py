"""The PostgreSQL server of the log's tests, for logs that outlive their scheduler."""

from tests.log.conftest import postgres as postgres
