"""A database of the shop behind SQL: one tool that reads, one that changes."""

import sqlite3
import sys
from pathlib import Path

from mcp.server.mcpserver import MCPServer

PATH = Path(sys.argv[1]) / "shop.db"
server = MCPServer("database")


@server.tool()
def list_tables() -> list[str]:
    """List the tables of the database."""
    return [row["name"] for row in read("SELECT name FROM sqlite_master WHERE type = 'table'")]


@server.tool()
def query(sql: str) -> list[dict]:
    """Run a SELECT statement and return its rows. The connection is read-only."""
    return read(sql)


@server.tool()
def execute(sql: str) -> str:
    """Run an INSERT, UPDATE or DELETE statement."""
    with sqlite3.connect(PATH) as line:
        count = line.execute(sql).rowcount
    return f"{count} rows changed."


def read(sql):
    line = sqlite3.connect(f"file:{PATH}?mode=ro", uri=True)
    line.row_factory = sqlite3.Row
    try:
        return [dict(row) for row in line.execute(sql)]
    finally:
        line.close()


server.run()
