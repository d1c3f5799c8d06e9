"""A hosting platform: services with logs and variables, and DNS zones."""

from mcp.server.mcpserver import MCPServer
from store import Store

server, store = MCPServer("hosting"), Store("hosting")


@server.tool()
def list_records(zone: str) -> list[dict]:
    """List the DNS records of a zone."""
    return [row for row in store.read()["records"] if row["name"].endswith(zone)]


@server.tool()
def set_record(name: str, type: str, value: str) -> str:
    """Create or replace a DNS record."""
    kept = [row for row in store.read()["records"] if row["name"] != name]
    store.change("records", lambda _rows: [*kept, {"name": name, "type": type, "value": value}])
    return f"{name} is {type} {value}."


@server.tool()
def read_log(service: str) -> str:
    """Read the latest lines of a service's log."""
    return store.find("services", "name", service)["log"]


@server.tool()
def deploy(service: str, image: str) -> str:
    """Deploy an image as a service."""
    store.update("services", "name", service, image=image)
    return f"{service} runs {image}."


@server.tool()
def set_variable(service: str, name: str, value: str) -> str:
    """Set an environment variable of a service."""
    row = store.find("services", "name", service)
    store.update("services", "name", service, variables=row["variables"] | {name: value})
    return f"{name} is set for {service}."


server.run()
