"""A company wiki. Guests may comment, partners may edit some pages; a page is private, of the team, or public."""

from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations
from store import Store

server, store = MCPServer("wiki"), Store("wiki")


@server.tool(annotations=ToolAnnotations(readOnlyHint=True))
def search_wiki(query: str) -> str:
    """Full-text search across all pages you can see."""
    rows = [row for row in store.read()["pages"] if query.lower() in f"{row['title']} {row['body']}".lower()]
    return "\n".join(f"{row['title']} ({row['audience']})" for row in rows) or "No pages found."


@server.tool(annotations=ToolAnnotations(readOnlyHint=True))
def get_page(title: str) -> str:
    """Get a page with its comments."""
    row = store.find("pages", "title", title)
    comments = "".join(f"\n> {comment['by']}: {comment['text']}" for comment in row["comments"])
    return f"# {row['title']}\nLast edited by {row['by']}, visible to: {row['audience']}\n\n{row['body']}\n{comments}"


@server.tool()
def create_page(title: str, body: str, audience: str = "team") -> str:
    """Create a page. Audience is private, team or public."""
    store.append("pages", {"title": title, "body": body, "by": "ada", "audience": audience, "comments": []})
    return f"Page '{title}' created."


@server.tool(annotations=ToolAnnotations(readOnlyHint=False, destructiveHint=False))
def edit_page(title: str, body: str) -> str:
    """Replace the body of a page. Earlier versions are kept in the page history."""
    store.update("pages", "title", title, body=body, by="ada")
    return f"Page '{title}' saved."


@server.tool()
def comment_on_page(title: str, text: str) -> str:
    """Add a comment below a page."""
    row = store.find("pages", "title", title)
    store.update("pages", "title", title, comments=[*row["comments"], {"by": "ada", "text": text}])
    return "Comment added."


@server.tool()
def set_page_access(title: str, audience: str) -> str:
    """Change who can see a page: private, team or public."""
    store.update("pages", "title", title, audience=audience)
    return f"Page '{title}' is now visible to: {audience}."


@server.tool(annotations=ToolAnnotations(destructiveHint=True))
def delete_page(title: str) -> str:
    """Delete a page and its history."""
    store.find("pages", "title", title)
    store.change("pages", lambda rows: [row for row in rows if row["title"] != title])
    return f"Page '{title}' deleted."


@server.resource("wiki://front-page", name="front-page", mime_type="text/plain")
def front_page() -> str:
    """What everybody sees first."""
    return store.read()["front"]


server.run()
