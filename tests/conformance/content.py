"""What the suite does not look at: a result's content through the gateway is, byte for byte, the fixture's own."""

import json
import urllib.error
import urllib.request

META = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientInfo": {"name": "content-check", "version": "0"},
    "io.modelcontextprotocol/clientCapabilities": {},
}
# The calls of the suite's tools-call scenarios, and what else brings content.
CALLS = [
    ("tools/call", {"name": f"test_{name}", "arguments": {}}, "content")
    for name in (
        "simple_text",
        "image_content",
        "audio_content",
        "embedded_resource",
        "multiple_content_types",
        "error_handling",
        "tool_with_progress",
    )
] + [
    ("resources/read", {"uri": "test://static-text"}, "contents"),
    ("resources/read", {"uri": "test://static-binary"}, "contents"),
    ("prompts/get", {"name": "test_simple_prompt"}, "messages"),
    ("prompts/get", {"name": "test_prompt_with_image"}, "messages"),
    ("prompts/get", {"name": "test_prompt_with_embedded_resource", "arguments": {"resourceUri": "test://x"}}, "messages"),
]


def post(url, body, headers):
    """One POST: the answer's text (the last event of a stream) and its headers."""
    headers = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"} | headers
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            text, given = answer.read().decode(), answer.headers
    except urllib.error.HTTPError as error:
        text, given = error.read().decode(), error.headers
    if "event-stream" in given.get("Content-Type", ""):
        text = [line.removeprefix("data:").strip() for line in text.splitlines() if line.startswith("data:")][-1]
    return text, given


class Modern:
    """Calls over 2026-07-28."""

    def __init__(self, url):
        self.url = url

    def ask(self, method, params):
        name = params.get("name") or params.get("uri")
        headers = {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": method, "Mcp-Name": name}
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params | {"_meta": META}}
        return post(self.url, body, headers)[0]


class Legacy:
    """Calls in one 2025-11-25 session."""

    def __init__(self, url):
        self.url, self.headers = url, {}
        opening = {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "check", "version": "0"}}
        _, given = self.send({"id": 0, "method": "initialize", "params": opening})
        self.headers = {"Mcp-Session-Id": given["Mcp-Session-Id"], "MCP-Protocol-Version": "2025-11-25"}
        self.send({"method": "notifications/initialized"})

    def send(self, message):
        return post(self.url, {"jsonrpc": "2.0"} | message, self.headers)

    def ask(self, method, params):
        return self.send({"id": 1, "method": method, "params": params})[0]


def member(text, key):
    """The bytes of one member of the result, as they stand in the answer."""
    start = text.find(f'"{key}":')
    if start < 0:
        return None
    start += len(key) + 3
    _, end = json.JSONDecoder().raw_decode(text, start)
    return text[start:end]


def compare(direct, gateway):
    """Rows of (era, call, same, difference)."""
    rows = []
    for era in (Modern, Legacy):
        one, two = era(direct), era(gateway)
        for method, params, key in CALLS:
            before, after = one.ask(method, params), two.ask(method, params)
            same = member(before, key) is not None and member(before, key) == member(after, key)
            same = same and ('"isError":true' in before) == ('"isError":true' in after)
            label = f"{method} {params.get('name') or params.get('uri')}"
            rows.append((era.__name__.lower(), label, same, None if same else f"{before[:300]} / {after[:300]}"))
    return rows
