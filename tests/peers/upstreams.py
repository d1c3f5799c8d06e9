"""The real servers of the matrix, and the gateway's configuration that stands before all of them."""

import json
import os
import socket
import subprocess
import time

from gateway import HERE, ROOT, Listener, get, peers_installed

# How long a held call waits on its stream before its caller gets a ticket, in seconds.
STREAM_WAIT = 1
# Names as the gateway knows them: the stamp that `setup` leaves, what is called there, and what comes back.
UPSTREAMS = {
    "everything": ("node", "get-sum", {"a": 2, "b": 40}, "42"),
    "everything-http": ("node", "echo", {"message": "over HTTP"}, "over HTTP"),
    "filesystem": ("node", "read_text_file", {"path": "{folder}/files/notes.txt"}, "line two"),
    "memory": ("node", "search_nodes", {"query": "nobody"}, "entities"),
    "git": ("python", "git_branch", {"repo_path": "{root}", "branch_type": "local"}, ""),
    "time": ("python", "get_current_time", {"timezone": "Etc/UTC"}, "Etc/UTC"),
    "modern": ("python", "echo", {"message": "modern"}, "modern"),
    "modern-http": ("python", "echo", {"message": "modern over HTTP"}, "modern over HTTP"),
}
# Those that speak more than 2025-11-25.
REVISIONS = dict.fromkeys(("git", "time", "modern", "modern-http"), "2026-07-28")
FORBIDDEN = ("everything", "get-env")
HELD = ("memory", "create_entities")

POLICIES = """
@id("matrix.everything")
permit (principal, action, resource);

@id("matrix.no-environment")
forbid (principal, action, resource == Tool::"everything/get-env");
"""

# Servers that the shipped catalogue knows.
CATALOGUED = {"everything", "filesystem", "memory", "git", "time"}


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class EverythingHttp(Listener):
    """server-everything takes its port from the environment and prints no address: it is probed."""

    def __init__(self):
        self.port = free_port()
        super().__init__([HERE / "serve", "everything", "streamableHttp"], {"PORT": str(self.port)})

    def __enter__(self):
        self.process = subprocess.Popen(
            self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=os.environ | self.env
        )
        self.url = f"http://127.0.0.1:{self.port}/mcp"
        for _ in range(200):
            try:
                get(self.url)
            except OSError as error:
                if hasattr(error, "code"):  # an HTTP status: it listens
                    return self
            time.sleep(0.05)
        raise RuntimeError("server-everything does not listen")


def command(name, *words):
    return f"command = {json.dumps([str(HERE / 'serve'), name, *map(str, words)])}"


def prepare(folder):
    """The files and policies that the servers work on."""
    (folder / "files").mkdir(parents=True)
    (folder / "files/notes.txt").write_text("line one\nline two\n")
    (folder / "policies").mkdir()
    (folder / "policies/matrix.cedar").write_text(POLICIES)


def configuration(folder, stack, wanted):
    """The text of `bartizan.toml`; HTTP servers are started into `stack`."""
    start = {
        "everything": lambda: command("everything", "stdio"),
        "everything-http": lambda: f'url = "{stack.enter_context(EverythingHttp()).url}"',
        "filesystem": lambda: command("filesystem", folder / "files"),
        "memory": lambda: command("memory") + f'\nenv = {{ MEMORY_FILE_PATH = "{folder}/memory.jsonl" }}',
        "git": lambda: command("git", "--repository", ROOT),
        "time": lambda: command("time"),
        "modern": lambda: command("modern", "stdio"),
        "modern-http": lambda: f'url = "{stack.enter_context(Listener([HERE / "serve", "modern", "http"])).url}"',
    }
    parts = [
        'data_dir = "data"\n[listen]\naddress = "127.0.0.1:0"\n[classifier]\nmode = "off"',
        f'[access]\npolicies = "policies"\n[approvals.wait]\nstream_s = {STREAM_WAIT}',
        f"stream_with_progress_s = {STREAM_WAIT}",
    ]
    for name in wanted:
        parts += [f"[upstreams.{name}]", 'env_allow = ["BARTIZAN_PEERS"]', "start_timeout_s = 40", start[name]()]
        if name.removesuffix("-http") in CATALOGUED:  # a script runs them, which does not show what they are
            parts.append(f'catalogue = "{name.removesuffix("-http")}"')
        if name == HELD[0]:
            parts += [f"[upstreams.{name}.tools.{HELD[1]}]", "hold = true"]
    return "\n".join(parts) + "\n"


def installed(names):
    """(those that can be started, {name: why not})."""
    missing = {
        name: f"the {UPSTREAMS[name][0]} peers are not installed: run tests/peers/setup"
        for name in names
        if not peers_installed(UPSTREAMS[name][0])
    }
    return [name for name in names if name not in missing], missing


def example_call(name, folder):
    """(tool, arguments, a text that the answer holds) of an upstream's simple call."""
    _, tool, arguments, expected = UPSTREAMS[name]
    text = json.dumps(arguments).replace("{folder}", str(folder)).replace("{root}", str(ROOT))
    return tool, json.loads(text), expected

