"""What the reference servers answer over this project's own folder: recorded as the corpus is gathered."""

import json
import os
import subprocess
import tempfile
from pathlib import Path

from pieces import BYTES_MIN, Piece, cut, size

ROOT = Path(__file__).resolve().parents[2]
SERVE = ROOT / "tests/peers/serve"
# Folders of this project that do not quote attacks as samples, and those that talk about them.
OWN = ("src/app", "src/approval", "src/audit", "src/config", "src/corridor", "src/mcp", "src/relay", "src/store")
ABOUT = ("docs",)
FILES_MAX = 150
ZONES = "Europe/Berlin,Asia/Tokyo,America/Bogota,Africa/Lagos,Australia/Perth,Pacific/Apia,Asia/Kolkata,Etc/UTC".split(",")
PEOPLE = "Ada,Grace,Linus,Barbara,Edsger,Radia,Donald,Frances".split(",")


class Server:
    """One of them on stdio, spoken to in 2025-06-18."""

    def __init__(self, peers, name, *words, **environment):
        self.name, self.number = name, 0
        environment = os.environ | {"BARTIZAN_PEERS": str(peers)} | environment
        self.process = subprocess.Popen(
            [SERVE, name, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, text=True
        )

    def __enter__(self):
        client = {"name": "corpus", "version": "1"}
        self.ask("initialize", {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client})
        self.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def send(self, message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def ask(self, method, params):
        self.number += 1
        self.send({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params})
        for line in self.process.stdout:
            message = json.loads(line)
            if message.get("id") == self.number and "method" not in message:
                return message.get("result") or message.get("error") or {}
            if "id" in message and "method" in message:  # a question that this client does not answer
                refusal = {"code": -32601, "message": "not supported"}
                self.send({"jsonrpc": "2.0", "id": message["id"], "error": refusal})
        raise RuntimeError(f"`{self.name}` ended during `{method}`")

    def call(self, tool, about=False, **arguments):
        """The texts of one call's result, as pieces."""
        result = self.ask("tools/call", {"name": tool, "arguments": arguments})
        origin = f"{self.name}: {tool} {json.dumps(arguments)}".replace(f"{ROOT}/", "")[:100]
        texts = [block["text"] for block in result.get("content", []) if block.get("type") == "text"]
        for text in texts:
            yield from self.pieces(text, origin, about)

    def pieces(self, text, origin, about=False):
        parts = list(cut(text)) if size(text) > BYTES_MIN else [text]
        return [Piece(part, f"server {self.name}", origin, about_attacks=about) for part in parts if part.strip()]


def recorded(peers):
    with tempfile.TemporaryDirectory() as folder:
        return [
            *filesystem(peers),
            *git(peers),
            *memory(peers, Path(folder) / "graph.jsonl"),
            *time(peers),
            *everything(peers),
        ]


def filesystem(peers):
    with Server(peers, "filesystem", str(ROOT)) as server:
        for folder in (*OWN, *ABOUT):
            path = ROOT / folder
            yield from server.call("list_directory", path=str(path))
            yield from server.call("directory_tree", path=str(path))
            files = sorted(each for each in path.rglob("*") if each.suffix in (".rs", ".md") and "tests" not in each.name)
            for each in files[:FILES_MAX]:
                yield from server.call("read_text_file", about=folder in ABOUT, path=str(each))
            for each in files[:20]:
                yield from server.call("get_file_info", path=str(each))
        yield from server.call("search_files", path=str(ROOT / "src"), pattern="**/*.rs")
        yield from server.call("read_text_file", path=str(ROOT / "src/there-is-none.rs"))


def git(peers):
    with Server(peers, "git", "--repository", str(ROOT)) as server:
        repository = str(ROOT)
        # Subjects name attacks and rules: a label is right there.
        yield from server.call("git_log", about=True, repo_path=repository, max_count=200)
        yield from server.call("git_status", repo_path=repository)
        yield from server.call("git_branch", repo_path=repository, branch_type="all")


def memory(peers, graph):
    with Server(peers, "memory", MEMORY_FILE_PATH=str(graph)) as server:
        for number, person in enumerate(PEOPLE):
            about = [f"{person} leads team {number}", f"{person} ignores mail before 9:30", "prefers previous instructions in writing"]
            entity = {"name": person, "entityType": "person", "observations": about}
            yield from server.call("create_entities", entities=[entity])
            relation = {"from": person, "to": PEOPLE[number - 1], "relationType": "reports to"}
            yield from server.call("create_relations", relations=[relation])
            yield from server.call("search_nodes", query=person)
        yield from server.call("read_graph")


def time(peers):
    with Server(peers, "time") as server:
        for zone in ZONES:
            yield from server.call("get_current_time", timezone=zone)
            for other in ZONES:
                yield from server.call("convert_time", source_timezone=zone, target_timezone=other, time="14:30")
        yield from server.call("get_current_time", timezone="Nowhere/Land")


def everything(peers):
    with Server(peers, "everything") as server:
        for number in range(1, 20):
            yield from server.call("echo", message=f"The {number}th message says the same as the one before it.")
            yield from server.call("get-sum", a=number, b=number * number)
        for city in ("New York", "Chicago", "Los Angeles"):
            yield from server.call("get-structured-content", location=city)
        for kind in ("error", "success", "debug"):
            yield from server.call("get-annotated-message", messageType=kind)
        yield from server.call("get-tiny-image")
        yield from server.call("get-resource-links", count=5)
        for listed in server.ask("resources/list", {}).get("resources", []):
            for content in server.ask("resources/read", {"uri": listed["uri"]}).get("contents", []):
                yield from server.pieces(content.get("text", ""), f"everything: {listed['uri']}")
        for listed in server.ask("prompts/list", {}).get("prompts", []):
            yield from server.pieces(json.dumps(listed), f"everything: prompt {listed['name']}")
