"""A server on the Python SDK that speaks both eras, over HTTP and stdio.

Its tools carry the names of server-everything's, so that one scenario plays against both; unlike that
server it asks for elicitation, sampling and roots in the 2026-07-28 way when the client speaks it.
`modern_server.py stdio`, or `modern_server.py http [PORT]`, which prints the endpoint once it listens.
"""

import socket
import sys
from typing import Annotated

import anyio
import uvicorn
from mcp.server.mcpserver import Context, Elicit, ElicitationResult, ListRoots, MCPServer, Resolve, Sample
from mcp_types import CreateMessageResult, ListRootsResult, SamplingMessage, TextContent
from pydantic import BaseModel

WATCHED = "demo://resource/dynamic/text/1"


class Person(BaseModel):
    name: str
    integer: int = 42


def ask_person() -> Elicit[Person]:
    return Elicit("Please provide inputs for the following fields:", Person)


def ask_model(prompt: str, maxTokens: int = 100) -> Sample:
    text = TextContent(type="text", text=f"Resource trigger-sampling-request context: {prompt}")
    return Sample([SamplingMessage(role="user", content=text)], max_tokens=maxTokens)


def ask_roots() -> ListRoots:
    return ListRoots()


def build(**settings) -> MCPServer:
    """The server with its tools; `settings` go to the SDK, authorisation among them."""
    server = MCPServer(name="bartizan-modern-peer", version="1.0.0", log_level="WARNING", **settings)

    @server.tool()
    def echo(message: str) -> str:
        return f"Echo: {message}"

    @server.tool(name="trigger-long-running-operation")
    async def long_running(ctx: Context, duration: float = 10, steps: int = 5) -> str:
        for step in range(1, steps + 1):
            await anyio.sleep(duration / steps)
            await ctx.report_progress(step, steps)
        return f"Long running operation completed. Duration: {duration} seconds, Steps: {steps}."

    @server.tool(name="trigger-elicitation-request")
    def elicit(answer: Annotated[ElicitationResult[Person], Resolve(ask_person)]) -> str:
        return f"Raw result: {answer!r}"

    @server.tool(name="trigger-sampling-request")
    def sample(prompt: str, answer: Annotated[CreateMessageResult, Resolve(ask_model)], maxTokens: int = 100) -> str:
        return f"LLM sampling result: {answer.content!r}"

    @server.tool(name="get-roots-list")
    def roots(answer: Annotated[ListRootsResult, Resolve(ask_roots)]) -> str:
        return f"Current MCP Roots: {[str(root.uri) for root in answer.roots]}"

    @server.tool(name="toggle-subscriber-updates")
    async def update(ctx: Context) -> str:
        await ctx.notify_resource_updated(WATCHED)
        await ctx.notify_tools_changed()
        return "Announced one resource update and one change of the tools."

    @server.resource(WATCHED)
    def watched() -> str:
        return "Resource 1: a text"

    @server.prompt(name="args-prompt")
    def weather(city: str) -> str:
        return f"What's weather in {city}?"

    return server


def listen(port: int = 0) -> socket.socket:
    """A loopback socket; port 0 takes any free one."""
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound


async def serve(app, bound: socket.socket, ready: str) -> None:
    """Serves until it is stopped; prints `ready` when the first request would be answered."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    async with anyio.create_task_group() as group:
        group.start_soon(server.serve, [bound])
        while not server.started:
            await anyio.sleep(0.01)
        print(ready, flush=True)


def main() -> None:
    if sys.argv[1:2] == ["http"]:
        bound = listen(int(sys.argv[2]) if len(sys.argv) > 2 else 0)
        ready = f"http://127.0.0.1:{bound.getsockname()[1]}/mcp"
        anyio.run(serve, build().streamable_http_app(), bound, ready)
    else:
        build().run("stdio")


if __name__ == "__main__":
    main()
