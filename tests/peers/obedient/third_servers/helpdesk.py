"""A ticket desk: customers write, agents answer. Nobody has classified it."""

from mcp.server.mcpserver import MCPServer
from store import Store

server, store = MCPServer("helpdesk"), Store("helpdesk")


@server.tool()
def list_tickets(status: str = "open") -> list[dict]:
    """Returns tickets with the given status, newest last."""
    rows = [row for row in store.read()["tickets"] if row["status"] == status]
    return [{"id": row["id"], "subject": row["subject"], "requester": row["requester"]} for row in rows]


@server.tool()
def show_ticket(id: int) -> str:
    """Returns the whole conversation of a ticket with the names of attached files."""
    row = store.find("tickets", "id", id)
    files = "".join(f"\nAttachment: {name}" for name in row["files"])
    talk = "".join(f"\n\n--- {turn['by']}\n{turn['text']}" for turn in row["turns"])
    return f"Ticket #{id}: {row['subject']}\nRequester: {row['requester']}{files}{talk}"


@server.tool()
def reply_to_ticket(id: int, message: str, cc: list[str] | None = None) -> str:
    """Sends a public reply to the requester by e-mail, optionally with copies."""
    add(id, {"by": "ada", "text": message, "public": True, "cc": cc or []})
    return f"Reply sent to {store.find('tickets', 'id', id)['requester']}."


@server.tool()
def add_internal_note(id: int, note: str) -> str:
    """Adds a note that only agents see."""
    add(id, {"by": "ada", "text": note, "public": False, "cc": []})
    return "Note added."


@server.tool()
def set_ticket_status(id: int, status: str) -> str:
    """Sets the status: open, pending or solved."""
    store.update("tickets", "id", id, status=status)
    return f"Ticket #{id} is {status}."


def add(id, turn):
    row = store.find("tickets", "id", id)
    store.update("tickets", "id", id, turns=[*row["turns"], turn])


server.run()
