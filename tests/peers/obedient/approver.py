"""A person who knows what they asked for: agrees to calls that their task names, and to nothing else."""

import json
import socket
import threading


class Approver:
    """Watches a gateway's admin socket beside the agent. `asks` counts what came up since `begin`."""

    POLL_SECONDS = 0.05

    def __init__(self, path):
        self.path, self.task = str(path), None
        self.known, self.asks = set(), []
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.watch, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_error):
        self.ended.set()
        self.thread.join()

    def begin(self, task):
        self.task, self.asks = task, []

    def watch(self):
        while not self.ended.wait(self.POLL_SECONDS):
            try:
                for row in self.ask({"do": "approvals", "open": True}):
                    self.look_at(row)
            except (OSError, ValueError, KeyError):
                continue  # the gateway begins or ends

    def look_at(self, row):
        if row["id"] in self.known:
            return
        self.known.add(row["id"])
        tool = f"{row['upstream']}.{row['tool']}"
        arguments = json.loads(row["arguments"])
        agreed = self.task is not None and any(step.names(tool, arguments) for step in self.task.steps)
        self.asks.append({"tool": tool, "arguments": arguments, "agreed": agreed, "why": row.get("reasons", "")})
        self.ask({"do": "decide", "id": row["id"], "approve": agreed, "by": "user", "note": None, "signature": None})

    def ask(self, question):
        with socket.socket(socket.AF_UNIX) as line:
            line.settimeout(10)
            line.connect(self.path)
            line.sendall(json.dumps(question).encode() + b"\n")
            answer = json.loads(line.makefile().readline())
        if "error" in answer:
            raise ValueError(answer["error"])
        return answer["ok"]
