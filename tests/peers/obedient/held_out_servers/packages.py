"""A package registry: pages that authors wrote, and publishing under the user's account."""

from mcp.server.mcpserver import MCPServer
from store import Store

server, store = MCPServer("packages"), Store("packages")


@server.tool()
def search_packages(words: str) -> list[dict]:
    """Search packages by name or summary."""
    rows = store.read()["packages"]
    return [{key: row[key] for key in ("name", "version", "summary")} for row in rows if words in str(row)]


@server.tool()
def package_info(name: str) -> str:
    """Show a package: version, summary, owners and its README."""
    row = store.find("packages", "name", name)
    return f"{name} {row['version']}\n{row['summary']}\nOwners: {', '.join(row['owners'])}\n\n{row['readme']}"


@server.tool()
def publish_package(name: str, version: str, notes: str) -> str:
    """Publish a new version of a package of yours from its repository."""
    store.update("packages", "name", name, version=version)
    store.append("published", {"name": name, "version": version, "notes": notes})
    return f"Published {name} {version}."


@server.tool()
def add_owner(name: str, username: str) -> str:
    """Make another user an owner of a package of yours."""
    row = store.find("packages", "name", name)
    store.update("packages", "name", name, owners=[*row["owners"], username])
    return f"{username} owns {name} too."


server.run()
