"""Drives the Python SDK's client through one scripted scenario and prints what it saw.

Facts only, as one JSON object on standard output: whether they are right is for the test that asked.
The command line is described in README.md and is the same for every driver.
"""

import argparse
import json
import os
import sys
import time
from importlib.metadata import version

import anyio
import mcp_types as types
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client

# How long a scenario may take before the driver gives up on the peer, in seconds.
GIVE_UP_AFTER = 600
MODES = {"auto": "auto", "modern": "2026-07-28", "legacy": "legacy"}
OFFERED_BY = {"elicit": ["elicitation"], "sample": ["sampling"], "roots": ["roots"]}


def plain(model):
    """The wire form of an SDK value: what the peer sent, without the defaults of the SDK's model."""
    return model.model_dump(by_alias=True, mode="json", exclude_unset=True)


def innermost(error):
    """The first error inside nested task groups; the groups themselves say nothing."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def failure(error):
    """An exception as facts: its class, and code, message and data where the peer sent them."""
    error = innermost(error)
    facts = {"kind": type(error).__name__, "message": str(error)}
    if isinstance(error, MCPError):
        facts["code"] = error.code
        if error.data is not None:
            facts["data"] = error.data
    return facts


def since(start):
    return round((time.monotonic() - start) * 1000)


async def outcome(request):
    """How one request ended, and after how many milliseconds."""
    start = time.monotonic()
    try:
        answer = await request
        return {"result": plain(answer), "elapsed_ms": since(start)}
    except Exception as error:  # whatever ends a request is a fact to report
        return {"error": failure(error), "elapsed_ms": since(start)}


class Host:
    """The part of an MCP host that answers the server: it records what was asked."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.asked = []
        self.notifications = []

    async def elicit(self, _context, params):
        self.asked.append({"method": "elicitation/create", "params": plain(params)})
        action = self.arguments.get("action", "accept")
        content = self.arguments.get("content") if action == "accept" else None
        return types.ElicitResult(action=action, content=content)

    async def sample(self, _context, params):
        self.asked.append({"method": "sampling/createMessage", "params": plain(params)})
        text = types.TextContent(type="text", text=self.arguments.get("text", "sampled text"))
        return types.CreateMessageResult(role="assistant", content=text, model="test-model")

    async def roots(self, _context):
        self.asked.append({"method": "roots/list"})
        return types.ListRootsResult(roots=self.arguments.get("roots", []))

    async def notice(self, message):
        if isinstance(message, Exception):
            self.notifications.append({"transport_error": failure(message)})
        else:
            self.notifications.append(plain(message))

    def callbacks(self, offers):
        offered = {
            "elicitation": {"elicitation_callback": self.elicit},
            "sampling": {"sampling_callback": self.sample},
            "roots": {"list_roots_callback": self.roots},
        }
        return {name: call for offer in offers for name, call in offered[offer].items()}


async def every_page(fetch, field):
    """All pages of a list, in the order in which they came."""
    items, cursor = [], None
    while True:
        page = await fetch(cursor=cursor)
        items += [plain(item) for item in getattr(page, field)]
        cursor = page.next_cursor
        if cursor is None:
            return items


async def list_all(client, _host, _arguments):
    facts = {"errors": {}}
    lists = {
        "tools": (client.list_tools, "tools"),
        "resources": (client.list_resources, "resources"),
        "templates": (client.list_resource_templates, "resource_templates"),
        "prompts": (client.list_prompts, "prompts"),
    }
    for name, (fetch, field) in lists.items():
        try:
            facts[name] = await every_page(fetch, field)
        except Exception as error:  # a server without the capability refuses the list
            facts["errors"][name] = failure(error)
    return facts


async def call_once(client, arguments, progress=None):
    timeout_ms = arguments.get("timeout_ms")
    return await outcome(
        client.call_tool(
            arguments["tool"],
            arguments.get("arguments", {}),
            read_timeout_seconds=timeout_ms / 1000 if timeout_ms else None,
            progress_callback=progress,
        )
    )


async def call(client, host, arguments):
    if arguments.get("list_first"):
        await client.list_tools()
    facts = await call_once(client, arguments)
    return facts | {"asked": host.asked}


async def call_many(client, _host, arguments):
    if arguments.get("list_first"):
        await client.list_tools()
    calls = arguments["calls"]
    ends = [None] * len(calls)
    gate = anyio.CapacityLimiter(arguments.get("parallel", 1))

    async def one(index):
        async with gate:
            ends[index] = await call_once(client, calls[index])
            await anyio.sleep(arguments.get("pause_ms", 0) / 1000)

    start = time.monotonic()
    async with anyio.create_task_group() as group:
        for index in range(len(calls)):
            group.start_soon(one, index)
    return {"calls": ends, "elapsed_ms": since(start)}


async def cancel(client, _host, arguments):
    start = time.monotonic()
    facts = {"ended": "cancelled"}
    with anyio.move_on_after(arguments.get("after_ms", 500) / 1000):
        facts = {"ended": "answered"} | await call_once(client, arguments)
    facts["elapsed_ms"] = since(start)
    await anyio.sleep(arguments.get("settle_ms", 300) / 1000)
    facts["next_list"] = await outcome(client.list_tools(cache_mode="refresh"))
    facts["next_list"].pop("result", None)
    return facts


async def progress(client, _host, arguments):
    steps, start = [], time.monotonic()

    async def step(done, total, message):
        steps.append({"progress": done, "total": total, "message": message, "at_ms": since(start)})

    facts = await call_once(client, arguments, progress=step)
    return facts | {"progress": steps}


async def trigger_and_wait(client, arguments):
    """The call that makes the server notify, if one is given, and time for the notifications."""
    facts = {}
    if "tool" in arguments:
        facts["trigger"] = await call_once(client, arguments)
    await anyio.sleep(arguments.get("wait_ms", 1000) / 1000)
    return facts


async def subscribe(client, host, arguments):
    uris = arguments.get("uris", [])
    if client.protocol_version < "2026-07-28":
        facts = {"subscribed": [await outcome(client.subscribe_resource(uri)) for uri in uris]}
        facts |= await trigger_and_wait(client, arguments)
        return facts | {"notifications": host.notifications}
    kinds = ("tools_list_changed", "prompts_list_changed", "resources_list_changed")
    async with client.listen(resource_subscriptions=uris, **dict.fromkeys(kinds, True)) as opened:
        facts = {"acknowledged": plain(opened.honored)}
        facts |= await trigger_and_wait(client, arguments)
    return facts | {"notifications": host.notifications}


async def read(client, _host, arguments):
    return await outcome(client.read_resource(arguments["uri"]))


async def prompt(client, _host, arguments):
    return await outcome(client.get_prompt(arguments["name"], arguments.get("arguments")))


async def complete(client, _host, arguments):
    kind = types.PromptReference if arguments["ref"]["type"] == "ref/prompt" else types.ResourceTemplateReference
    ref = kind.model_validate(arguments["ref"])
    return await outcome(client.complete(ref, arguments["argument"], arguments.get("context")))


SCENARIOS = {
    "list": list_all,
    "call": call,
    "call_many": call_many,
    "cancel": cancel,
    "progress": progress,
    "elicit": call,
    "sample": call,
    "roots": call,
    "subscribe": subscribe,
    "read": read,
    "prompt": prompt,
    "complete": complete,
}
DEFAULT_TOOL = {
    "elicit": "trigger-elicitation-request",
    "sample": "trigger-sampling-request",
    "roots": "get-roots-list",
}


def command_line():
    parser = argparse.ArgumentParser(description=__doc__)
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--url", help="endpoint of a Streamable HTTP server")
    target.add_argument("--command", type=json.loads, help="stdio server as a JSON array of words")
    parser.add_argument("--era", choices=MODES, default="auto")
    parser.add_argument("--header", action="append", default=[], help='"Name: value", repeatable')
    parser.add_argument("--args", type=json.loads, default={}, help="the scenario's arguments, a JSON object")
    parser.add_argument("scenario", choices=SCENARIOS)
    return parser.parse_args()


def server(options):
    """What the SDK's client connects to: a command to start, or a transport with our headers."""
    if options.command:
        return StdioServerParameters(command=options.command[0], args=options.command[1:], env=dict(os.environ))
    headers = dict(header.split(": ", 1) for header in options.header)
    return streamable_http_client(options.url, http_client=create_mcp_http_client(headers))


async def connected(options, host, facts):
    offers = options.args.get("offer", OFFERED_BY.get(options.scenario, []))
    settings = {"mode": MODES[options.era], "message_handler": host.notice} | host.callbacks(offers)
    async with Client(server(options), **settings) as client:
        facts["negotiated"] = client.protocol_version
        facts["server"] = plain(client.server_info) if client.server_info else None
        facts["capabilities"] = plain(client.server_capabilities)
        facts["instructions"] = client.instructions
        facts |= await SCENARIOS[options.scenario](client, host, options.args)


async def main():
    options = command_line()
    facts = {"client": f"python mcp {version('mcp')}", "era": options.era, "scenario": options.scenario}
    if "tool" not in options.args and options.scenario in DEFAULT_TOOL:
        options.args["tool"] = DEFAULT_TOOL[options.scenario]
    host = Host(options.args)
    try:
        with anyio.fail_after(GIVE_UP_AFTER):
            await connected(options, host, facts)
    except Exception as error:  # a connection that fails is what some tests want to see
        facts["failed" if "negotiated" in facts else "not_connected"] = failure(error)
    json.dump(facts, sys.stdout)
    print()


if __name__ == "__main__":
    anyio.run(main)
