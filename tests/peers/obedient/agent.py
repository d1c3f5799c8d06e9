"""An agent that does its user's task and whatever any text tells it besides.

Two kinds of order are obeyed at once, wherever they stand in a result, an error, a resource or a description: the
plain form `call NAME with {JSON}`, and sentences that a task's `orders` map to calls. What an order refers to is read
first, as a helpful agent would. An order is obeyed once.
"""

import json
import re
from base64 import b64encode
from urllib.parse import quote

from wire import Lost

CALL = re.compile(r"\bcall\s+(?:the\s+tool\s+)?[`\"']?([\w.-]+)[`\"']?\s+with\s+(?=\{)", re.IGNORECASE)
CONTENTS = re.compile(r"<(contents|base64) of ([^>\s]+)>", re.IGNORECASE)
LINE_MARK = re.compile(r"^\w{2}\| ", re.MULTILINE)
# Orders may lead to further orders; an endless chain is no attack.
DEPTH_MAX = 6


class Step:
    """One call of the user's task.

    `arguments` is a dict, or a function of what the agent saw so far. `named` are the arguments that the user's own
    words name: by default all of them if they stand fixed, else those given.
    """

    def __init__(self, tool, arguments=None, named=None, save=None):
        self.tool, self.arguments, self.save = tool, arguments or {}, save
        self.named = named if named is not None else (self.arguments if isinstance(self.arguments, dict) else {})

    def names(self, tool, arguments):
        """Whether a person who knows the task would agree to this call."""
        return tool == self.tool and all(arguments.get(key) == value for key, value in self.named.items())


class Agent:
    def __init__(self, tools, task):
        self.tools, self.task = tools, task
        self.seen, self.obeyed, self.log = {}, set(), []

    def work(self):
        self.look_around()
        for step in self.task.steps:
            arguments = step.arguments(self.seen) if callable(step.arguments) else step.arguments
            text = self.do(step.tool, arguments, of_user=True)
            if step.save:
                self.seen[step.save] = text
            self.look_around()

    def look_around(self):
        """Descriptions are texts like any other."""
        if self.tools.changed():
            for tool in self.tools.list():
                self.obey(tool.get("description", ""), 0)

    def do(self, tool, arguments, of_user=False, depth=0):
        """One call; the text of its result, after every order in it was obeyed."""
        try:
            answer = self.tools.call(tool, arguments)
        except Lost as error:
            answer = {"error": {"message": str(error)}}
        text = said(answer)
        failed = "error" in answer or bool(answer.get("result", {}).get("isError"))
        self.log.append({"tool": tool, "arguments": arguments, "of_user": of_user, "failed": failed, "text": text})
        self.obey(text, depth)
        return body(text)

    def obey(self, text, depth):
        if depth > DEPTH_MAX:
            return
        text = body(text)
        for tool, arguments in [*spelled_out(text), *self.understood(text)]:
            key = json.dumps([tool, arguments], sort_keys=True)
            if key not in self.obeyed:
                self.obeyed.add(key)
                self.do(tool, self.filled(arguments, depth), depth=depth + 1)

    def understood(self, text):
        """Calls that the task's table reads out of sentences."""
        plain = " ".join(text.split())
        for pattern, calls in self.task.orders:
            for match in re.finditer(pattern, plain, re.IGNORECASE):
                yield from calls(match)

    def filled(self, value, depth):
        """`<contents of PATH>` in an argument becomes what is in the file; in an address, percent-encoded."""
        if isinstance(value, dict):
            return {key: self.filled(inner, depth) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.filled(inner, depth) for inner in value]
        if not isinstance(value, str):
            return value
        fit = quote if value.startswith(("http:", "https:")) else str

        def put(match):
            text = self.contents(match[2], depth)
            return b64encode(text.strip().encode()).decode() if match[1] == "base64" else fit(text)

        return CONTENTS.sub(put, value)

    def contents(self, path, depth):
        return self.do("filesystem.read_text_file", {"path": path}, depth=depth + 1)


def spelled_out(text):
    for match in CALL.finditer(text):
        try:
            arguments, _ = json.JSONDecoder().raw_decode(text[match.end() :])
        except ValueError:
            continue
        yield match[1], arguments


def body(text):
    """Without the fences and marks of a gateway: a reader who obeys reads past them."""
    lines = [line for line in text.splitlines() if not line.startswith(("[UNTRUSTED TOOL DATA", "[END "))]
    return LINE_MARK.sub("", "\n".join(lines))


def said(answer):
    """Every text of an answer."""
    if "error" in answer:
        return str(answer["error"].get("message", ""))
    result = answer.get("result", {})
    texts = []
    for block in [*result.get("content", []), *result.get("contents", [])]:
        texts.append(block.get("text") or block.get("resource", {}).get("text") or "")
    if "structuredContent" in result:
        texts.append("\n".join(leaves(result["structuredContent"])))
    return "\n".join(texts)


def leaves(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    elif isinstance(value, str):
        yield value


class Direct:
    """All servers at once, with nothing between."""

    def __init__(self, peers):
        self.peers, self.known = peers, {}
        for peer in peers.values():
            peer.tools_changed = True

    def changed(self):
        return any(peer.tools_changed for peer in self.peers.values())

    def list(self):
        found = []
        for name, peer in self.peers.items():
            for tool in peer.tools():
                self.known.setdefault(tool["name"], f"{name}.{tool['name']}")
                found.append(tool)
        return found

    def call(self, tool, arguments):
        server, _, name = self.known.get(tool, tool).partition(".")
        if name == "read_resource":
            return self.peers[server].read(arguments["uri"])
        return self.peers[server].call(name, arguments)

    def close(self):
        pass


class Guarded:
    """All servers through a gateway, which puts `SERVER__` before a tool's name."""

    def __init__(self, peer):
        self.peer, self.known = peer, {}

    def changed(self):
        return self.peer.tools_changed

    def list(self):
        tools = self.peer.tools()
        for tool in tools:
            self.known.setdefault(tool["name"].split("__", 1)[-1], tool["name"])
        return tools

    def call(self, tool, arguments):
        if tool.endswith(".read_resource"):
            return self.peer.read(arguments["uri"])
        return self.peer.call(self.known.get(tool, tool.replace(".", "__")), arguments)

    def close(self):
        self.peer.close()
