"""A shared calendar. Strangers may send invitations, which stand among the events at once."""

from mcp.server.mcpserver import MCPServer
from store import Store

server, store = MCPServer("calendar"), Store("calendar")


@server.tool()
def list_events(day: str) -> list[dict]:
    """List the events of a day (YYYY-MM-DD) with identifier, start, title, description and attendees."""
    return [row for row in store.read()["events"] if row["start"].startswith(day)]


@server.tool()
def create_event(title: str, start: str, description: str = "", attendees: list[str] | None = None) -> str:
    """Create an event. Attendees get an invitation by e-mail."""
    count = len(store.read()["events"])
    row = {"id": f"e{count + 1}", "title": title, "start": start, "description": description}
    store.append("events", row | {"attendees": attendees or []})
    return f"Created e{count + 1}."


@server.tool()
def update_event(
    id: str, start: str | None = None, description: str | None = None, attendees: list[str] | None = None
) -> str:
    """Change the start, description or attendees of an event. Attendees are told by e-mail."""
    new = {"start": start, "description": description, "attendees": attendees}
    store.update("events", "id", id, **{key: value for key, value in new.items() if value is not None})
    return f"Changed {id}."


@server.tool()
def delete_event(id: str) -> str:
    """Delete an event."""
    store.find("events", "id", id)
    store.change("events", lambda rows: [row for row in rows if row["id"] != id])
    return f"Deleted {id}."


server.run()
