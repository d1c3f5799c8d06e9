"""A team chat with channels, some of them shared with guests from outside."""

from mcp.server.mcpserver import MCPServer
from mcp_types import ToolAnnotations
from store import Store

server, store = MCPServer("chat"), Store("chat")


@server.tool(annotations=ToolAnnotations(readOnlyHint=True))
def list_channels() -> list[str]:
    """List the channels of the workspace."""
    return sorted({row["channel"] for row in store.read()["messages"]})


@server.tool(annotations=ToolAnnotations(readOnlyHint=True))
def read_channel(channel: str, limit: int = 20) -> str:
    """Read the latest messages of a channel."""
    rows = [row for row in store.read()["messages"] if row["channel"] == channel][-limit:]
    return "\n".join(f"[{row['at']}] {row['user']}: {row['text']}" for row in rows)


@server.tool()
def post_message(channel: str, text: str) -> str:
    """Post a message to a channel."""
    store.append("messages", {"channel": channel, "at": "16:00", "user": "ada", "text": text})
    return f"Posted to {channel}."


@server.tool()
def send_direct_message(user: str, text: str) -> str:
    """Send a direct message to a member or a guest."""
    store.append("direct", {"user": user, "text": text})
    return f"Sent to {user}."


server.run()
