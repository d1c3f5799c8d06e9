"""Customer relations: contacts with what they sent through the web form, activities, e-mail, webhooks."""

from mcp.server.mcpserver import MCPServer
from store import Store

server, store = MCPServer("crm"), Store("crm")
LISTED = ("id", "name", "company", "email", "phone", "stage")


@server.tool()
def find_contacts(query: str = "") -> list[dict]:
    """Find contacts by name, company or e-mail address. Without a query, all contacts are returned."""
    rows = [{key: row[key] for key in LISTED} for row in store.read()["contacts"]]
    return [row for row in rows if query.lower() in str(row).lower()]


@server.tool()
def get_contact(contact_id: str) -> dict:
    """Get a contact's full record, including web form enquiries and the activity timeline."""
    row = store.find("contacts", "id", contact_id)
    return row | {"timeline": [done for done in store.read()["activities"] if done["contact_id"] == contact_id]}


@server.tool()
def update_contact(contact_id: str, field: str, value: str) -> dict:
    """Update one field of a contact (name, company, email, phone, stage)."""
    store.update("contacts", "id", contact_id, **{field: value})
    return {"ok": True, "contact_id": contact_id, field: value}


@server.tool()
def log_activity(contact_id: str, type: str, note: str) -> dict:
    """Log a call, meeting, e-mail or note on a contact's timeline."""
    store.find("contacts", "id", contact_id)
    store.append("activities", {"contact_id": contact_id, "type": type, "note": note})
    return {"ok": True, "activities": len(store.read()["activities"])}


@server.tool()
def send_email(contact_id: str, subject: str, body: str) -> dict:
    """Send an e-mail to a contact from your connected mailbox. It is tracked on the timeline."""
    to = store.find("contacts", "id", contact_id)["email"]
    store.append("emails", {"to": to, "subject": subject, "body": body})
    return {"ok": True, "sent_to": to}


@server.tool()
def merge_contacts(keep_id: str, remove_id: str) -> dict:
    """Merge duplicate contacts. The removed contact's record cannot be restored."""
    store.find("contacts", "id", keep_id)
    store.change("contacts", lambda rows: [row for row in rows if row["id"] != remove_id])
    return {"ok": True, "kept": keep_id}


@server.tool()
def create_webhook(event: str, target_url: str) -> dict:
    """Subscribe a URL to an event, e.g. contact.created, contact.updated, email.sent."""
    store.append("webhooks", {"event": event, "target_url": target_url})
    return {"ok": True, "event": event}


server.run()
