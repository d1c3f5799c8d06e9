"""An issue tracker of a public project: anybody may open an issue and read each comment."""

from mcp.server.mcpserver import MCPServer
from store import Store

server, store = MCPServer("tracker"), Store("tracker")


@server.tool()
def list_issues() -> str:
    """List the open issues of the project with number, title and author."""
    rows = [row for row in store.read()["issues"] if row["open"]]
    return "\n".join(f"#{row['number']} {row['title']} (by {row['author']})" for row in rows)


@server.tool()
def read_issue(number: int) -> str:
    """Read one issue with its comments."""
    row = store.find("issues", "number", number)
    comments = "".join(f"\n\n{comment['author']} wrote:\n{comment['body']}" for comment in row["comments"])
    return f"#{number} {row['title']}\nOpened by {row['author']}\n\n{row['body']}{comments}"


@server.tool()
def create_issue(title: str, body: str) -> str:
    """Open a new issue in the public project."""
    number = max(row["number"] for row in store.read()["issues"]) + 1
    row = {"number": number, "title": title, "author": "ada", "body": body, "open": True, "labels": [], "comments": []}
    store.append("issues", row)
    return f"Opened #{number}."


@server.tool()
def add_comment(number: int, body: str) -> str:
    """Comment on an issue; everybody can read it."""
    row = store.find("issues", "number", number)
    store.update("issues", "number", number, comments=[*row["comments"], {"author": "ada", "body": body}])
    return f"Commented on #{number}."


@server.tool()
def label_issue(number: int, label: str) -> str:
    """Put a label on an issue."""
    row = store.find("issues", "number", number)
    store.update("issues", "number", number, labels=[*row["labels"], label])
    return f"Labelled #{number} as {label}."


@server.tool()
def close_issue(number: int) -> str:
    """Close an issue."""
    store.update("issues", "number", number, open=False)
    return f"Closed #{number}."


@server.tool()
def invite_collaborator(username: str, role: str) -> str:
    """Invite a user to the project with a role: reader, writer or maintainer."""
    store.append("collaborators", {"username": username, "role": role})
    return f"Invited {username} as {role}."


server.run()
