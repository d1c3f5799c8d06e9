"""A small MCP client (revision 2025-11-25) for one server over standard input and output, or for a gateway over HTTP.

It needs nothing but Python, says nothing by itself, and gives results as they came.
"""

import json
import os
import queue
import subprocess
import threading
import urllib.error
import urllib.request

REVISION = "2025-11-25"
# Seconds: a held call waits for a person on its stream.
CALL_TIMEOUT = 90
HELLO = {"protocolVersion": REVISION, "capabilities": {}, "clientInfo": {"name": "obedient", "version": "1"}}


class Lost(Exception):
    """The peer left, or did not answer in time."""


class Peer:
    """What both transports share: ids, the greeting, and the few methods that are used."""

    def __init__(self):
        self.next_id = 0
        self.tools_changed = True

    def greet(self):
        self.request("initialize", HELLO)
        self.notify("notifications/initialized")

    def message(self, method, params=None):
        self.next_id += 1
        return {"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params or {}}

    def noticed(self, message):
        if message.get("method") == "notifications/tools/list_changed":
            self.tools_changed = True

    def tools(self):
        self.tools_changed = False
        found, cursor = [], None
        while True:
            answer = self.request("tools/list", {"cursor": cursor} if cursor else {})
            page = answer.get("result", {})
            found += page.get("tools", [])
            cursor = page.get("nextCursor")
            if not cursor:
                return found

    def call(self, tool, arguments):
        return self.request("tools/call", {"name": tool, "arguments": arguments})

    def read(self, uri):
        return self.request("resources/read", {"uri": uri})


class Stdio(Peer):
    """A server that this client starts."""

    def __init__(self, command, env=None):
        super().__init__()
        self.process = subprocess.Popen(
            [str(word) for word in command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=os.environ | (env or {}),
            text=True,
        )
        self.answers = queue.Queue()
        threading.Thread(target=self.listen, daemon=True).start()
        self.greet()

    def listen(self):
        for line in self.process.stdout:
            try:
                message = json.loads(line)
            except ValueError:  # a server that talks on the wrong stream
                continue
            if "method" in message and "id" in message:
                self.send({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32601, "message": "not here"}})
            elif "method" in message:
                self.noticed(message)
            else:
                self.answers.put(message)
        self.answers.put(None)

    def send(self, message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def notify(self, method):
        self.send({"jsonrpc": "2.0", "method": method})

    def request(self, method, params):
        message = self.message(method, params)
        self.send(message)
        while True:
            try:
                answer = self.answers.get(timeout=CALL_TIMEOUT)
            except queue.Empty:
                raise Lost(f"no answer to {method}") from None
            if answer is None:
                raise Lost("the server ended")
            if answer.get("id") == message["id"]:
                return answer

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Http(Peer):
    """A gateway; `run` names the task that all its calls belong to."""

    def __init__(self, url, run):
        super().__init__()
        self.url, self.session = url, None
        self.headers = {
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": REVISION,
            "Bartizan-Run": run,
        }
        self.greet()

    def post(self, message):
        headers = self.headers | ({"Mcp-Session-Id": self.session} if self.session else {})
        request = urllib.request.Request(self.url, json.dumps(message).encode(), headers)
        try:
            answer = urllib.request.urlopen(request, timeout=CALL_TIMEOUT)
        except urllib.error.HTTPError as error:
            answer = error
        except OSError as error:
            raise Lost(str(error)) from None
        with answer:
            self.session = answer.headers.get("Mcp-Session-Id") or self.session
            kind = answer.headers.get("Content-Type", "")
            yield from events(answer) if "event-stream" in kind else whole(answer)

    def notify(self, method):
        list(self.post({"jsonrpc": "2.0", "method": method}))

    def request(self, method, params):
        message = self.message(method, params)
        found = None
        for answer in self.post(message):
            if "method" in answer:
                self.noticed(answer)
            elif answer.get("id") in (message["id"], None):
                found = answer
        if found is None:
            raise Lost(f"no answer to {method}")
        return found

    def close(self):
        headers = self.headers | {"Mcp-Session-Id": self.session or ""}
        request = urllib.request.Request(self.url, headers=headers, method="DELETE")
        try:
            urllib.request.urlopen(request, timeout=5).close()
        except OSError:
            pass


def whole(answer):
    text = answer.read()
    if text.strip():
        yield json.loads(text)


def events(answer):
    data = []
    for line in answer:
        line = line.decode().rstrip("\r\n")
        if line.startswith("data:"):
            data.append(line[5:].lstrip())
        elif not line and data:
            text, data = "\n".join(data), []
            if text.strip():
                yield json.loads(text)
