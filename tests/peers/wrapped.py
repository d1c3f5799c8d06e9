"""Desktop clients start `bartizan wrap -- COMMAND` instead of the server itself: the same scenes over standard
input and output, with one gateway per user behind all of them."""

import json
import subprocess
import time
from pathlib import Path

from gateway import HERE, PEERS, children, command_of, program
from scenes import CLIENTS, Skipped, must, play, short, text_of

# Seconds that a server may live on after its client left.
SERVERS_END = 8
CONFIG = 'data_dir = "{folder}/state"\n'


class Desktop:
    """A user's folder with its own local gateway, which ends with the block."""

    def __init__(self, folder, release=False):
        self.folder, self.binary = Path(folder), program("bartizan", release)
        self.left_over = []

    def __enter__(self):
        self.folder.mkdir(parents=True)
        self.config = self.folder / "bartizan.toml"
        self.config.write_text(CONFIG.format(folder=self.folder))
        return self

    def words(self, *server):
        # The Inspector hands its child a bare environment, as desktop clients do.
        peers = f"BARTIZAN_PEERS={PEERS}"
        words = ["wrap", "--config", self.config, "--server", server[0], "--", "env", peers, HERE / "serve", *server]
        return [str(word) for word in [self.binary, *words]]

    def local_gateways(self):
        """Processes that serve this folder; nobody else's."""
        found = {}
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            line = command_of(path.parent.name)
            if line.startswith(f"{self.binary} local") and str(self.config) in line:
                found[path.parent.name] = line
        return found

    def servers(self, gateways):
        return {child: line for gateway in gateways for child, line in children(int(gateway)).items()}

    def __exit__(self, *_error):
        below = {}
        gateways = self.local_gateways()
        until = time.monotonic() + SERVERS_END
        while time.monotonic() < until and (below := self.servers(gateways)):
            time.sleep(0.1)
        if len(gateways) > 1:
            self.left_over.append(f"{len(gateways)} local gateways ran at once")
        if below:
            self.left_over += [f"a server outlived its client: {line}" for line in below.values()]
        for gateway in gateways:
            subprocess.run(["kill", gateway], check=False)
        until = time.monotonic() + 15
        while time.monotonic() < until and self.local_gateways():
            time.sleep(0.05)
        self.left_over += [f"the local gateway did not end: {line}" for line in self.local_gateways().values()]


def wrap_scene(desktop, client, scene):
    """One scene of a wrapped server-everything."""
    driver, era, _ = CLIENTS[client]
    if driver == "inspector" and scene not in ("lists", "calls"):
        raise Skipped("the command line of the Inspector starts a process per request")
    target = ["--command", json.dumps(desktop.words("everything", "stdio"))]
    return WRAPPED[scene](lambda scenario, **given: play(driver, target, era, scenario, given))


def lists(run):
    facts = run("list", offer=["elicitation", "sampling", "roots"])
    names = [each["name"] for each in facts["tools"]]
    must({"echo", "get-sum", "get-structured-content"} <= set(names), "tools are missing", names)
    must(not facts["errors"], "a list failed", facts["errors"])
    return f"{len(names)} tools"


def calls(run):
    facts = run("call", tool="echo", arguments={"message": "wrapped"})
    must("Echo: wrapped" in text_of(facts), "not echoed", facts)


def elicits(run):
    facts = run("elicit", content={"name": "Ada", "integer": 7})
    must(len(facts["asked"]) == 1 and "Ada" in text_of(facts), "not asked or not answered", facts)


def shares_roots(run):
    roots = [{"uri": "file:///srv/desktop", "name": "desktop"}]
    facts = run("roots", roots=roots)
    must("file:///srv/desktop" in text_of(facts), "the roots did not arrive", facts)


def samples(run):
    facts = run("sample", text="a sampled line", arguments={"prompt": "hello", "maxTokens": 20})
    must(len(facts["asked"]) == 1 and "a sampled line" in text_of(facts), "not asked or not answered", facts)


def progresses(run):
    facts = run("progress", tool="trigger-long-running-operation", arguments={"duration": 1, "steps": 4})
    must(len(facts["progress"]) >= 3, "progress is missing", short(facts["progress"]))


def cancels(run):
    given = {"tool": "trigger-long-running-operation", "arguments": {"duration": 20, "steps": 20}, "after_ms": 1200}
    facts = run("cancel", **given)
    must(facts["ended"] == "cancelled" and "error" not in facts["next_list"], "not cancelled", facts)


WRAPPED = {
    "lists": lists,
    "calls": calls,
    "cancels": cancels,
    "elicits": elicits,
    "samples": samples,
    "roots": shares_roots,
    "progress": progresses,
}
