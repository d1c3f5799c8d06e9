"""What a client does with the gateway, and what must then be true. Each scene raises `Wrong` or returns a remark."""

import json
import os
import re
import subprocess
import uuid

from gateway import HERE, peers_installed
from upstreams import FORBIDDEN, HELD, example_call

# Driver, era, and the stamp of its installation.
CLIENTS = {
    "python auto": ("python", "auto", "python"),
    "python modern": ("python", "modern", "python"),
    "python legacy": ("python", "legacy", "python"),
    "ts_v1 legacy": ("ts_v1", "legacy", "node"),
    "ts_v2 modern": ("ts_v2", "modern", "node"),
    "ts_v2 legacy": ("ts_v2", "legacy", "node"),
    "inspector auto": ("inspector", "auto", "node"),
    "inspector legacy": ("inspector", "legacy", "node"),
}
EVERY_OFFER = ["elicitation", "sampling", "roots"]


class Wrong(Exception):
    """A fact that should not be."""


class Skipped(Exception):
    """The peer cannot play this."""


class Seat:
    """One client before one gateway, as a principal of its own."""

    def __init__(self, client, gateway, folder):
        self.driver, self.era, stamp = CLIENTS[client]
        self.gateway, self.folder = gateway, folder
        self.run_name = f"matrix-{uuid.uuid4().hex[:12]}"
        if not peers_installed(stamp):
            raise Skipped(f"the {stamp} peers are not installed: run tests/peers/setup")

    def drive(self, upstream, scenario, timeout=90, **arguments):
        """The facts of one scenario through the endpoint of `upstream` (all of them if it is `None`)."""
        target = ["--url", self.gateway.url(upstream), "--header", f"Bartizan-Run: {self.run_name}"]
        return play(self.driver, target, self.era, scenario, arguments, timeout)


def play(driver, target, era, scenario, arguments, timeout=90):
    words = [HERE / "drive", driver, *target, "--era", era, scenario, "--args", json.dumps(arguments)]
    ran = subprocess.run(words, capture_output=True, text=True, timeout=timeout, env=os.environ)
    lines = [line for line in ran.stdout.splitlines() if line.startswith("{")]
    if not lines:
        raise Wrong(f"the driver said nothing: {ran.stderr[-300:]}")
    facts = json.loads(lines[-1])
    for key in ("not_connected", "failed"):
        if key in facts:
            raise Wrong(f"{key}: {short(facts[key])}")
    if "skipped" in facts:
        raise Skipped(facts["skipped"])
    return facts


# What every answer of a driver holds beside the scenario's own facts.
COMMON = {"client", "era", "scenario", "server", "capabilities", "instructions"}


def short(value, size=400):
    if isinstance(value, dict):
        value = {key: each for key, each in value.items() if key not in COMMON}
    return json.dumps(value, ensure_ascii=False)[:size]


def text_of(outcome):
    """The text of a call's result; an error is wrong here."""
    if "error" in outcome or "result" not in outcome:
        raise Wrong(f"no result: {short(outcome)}")
    return "\n".join(block.get("text", "") for block in outcome["result"].get("content", []))


def must(condition, what, value):
    if not condition:
        raise Wrong(f"{what}: {short(value)}")


def lists(seat, upstream):
    facts = seat.drive(upstream, "list")
    must(not facts["errors"], "a list failed", facts["errors"])
    tool = example_call(upstream, seat.folder)[0]
    must(tool in [each["name"] for each in facts["tools"]], "the tool is not listed", facts["tools"])
    return f"{len(facts['tools'])} tools"


def calls(seat, upstream):
    tool, arguments, expected = example_call(upstream, seat.folder)
    facts = seat.drive(upstream, "call", tool=tool, arguments=arguments)
    text = text_of(facts)
    must(not facts["result"].get("isError") and expected in text, "not the expected answer", facts)
    must("[UNTRUSTED TOOL DATA id=" in text and "[END " in text, "no fence around a stranger's text", text)


def is_refused(seat, _upstream):
    """A tool that the policies forbid is not listed, and calling it answers as for a tool that is not there."""
    upstream, tool = FORBIDDEN
    names = [each["name"] for each in seat.drive(upstream, "list")["tools"]]
    must(tool not in names, "a forbidden tool is listed", names)
    known = seat.drive(upstream, "call", tool=tool, arguments={})
    unknown = seat.drive(upstream, "call", tool="get-xyz", arguments={})
    # Each request has a reference of its own, which tells nothing.
    plain = lambda facts: re.sub(  # noqa: E731
        r"req_\w+", "req", short({k: facts.get(k) for k in ("error", "result")}).replace("get-xyz", tool)
    )
    must(plain(known) == plain(unknown), "forbidden and unknown differ", [known, unknown])
    must("result" not in known or known["result"].get("isError"), "a forbidden tool ran", known)


def is_held(seat, _upstream):
    """Held, ticket, approved, resumed by the same call, run once."""
    upstream, tool = HELD
    name = f"person-{uuid.uuid4().hex[:8]}"
    call = {"tool": tool, "arguments": {"entities": [{"name": name, "entityType": "test", "observations": ["held"]}]}}
    stored = lambda: text_of(seat.drive(upstream, "call", tool="open_nodes", arguments={"names": [name]}))  # noqa: E731
    ticket = seat.drive(upstream, "call", **call)
    text = text_of(ticket)
    must(ticket["result"].get("isError") and "apr_" in text, "no ticket", ticket)
    must(name not in stored(), "a held call ran", name)
    waiting = json.loads(seat.gateway.command("approvals", "list", "--json")[1])
    mine = [row["id"] for row in waiting if name in json.dumps(row)] or [row["id"] for row in waiting if row["id"] in text]
    must(len(mine) == 1, "not one approval waits", waiting)
    status, said = seat.gateway.command("approvals", "approve", mine[0], "--as", "matrix")
    must(status == 0, "the approval was refused", said)
    done = seat.drive(upstream, "call", **call)
    must(not done["result"].get("isError") and name in text_of(done), "the retry did not run", done)
    must(stored().count(f'"{name}"') == 1, "not stored once", stored())
    again = seat.drive(upstream, "call", **call)
    must(again["result"].get("isError") and "apr_" in text_of(again), "an approval was good for two calls", again)


def waits(seat, _upstream):
    """A client with patience and a token for progress gets its answer on the stream it waits on."""
    import threading

    upstream, tool = HELD
    name = f"patient-{uuid.uuid4().hex[:8]}"
    entities = [{"name": name, "entityType": "test", "observations": ["waits"]}]

    def approve():
        for _ in range(200):
            rows = json.loads(seat.gateway.command("approvals", "list", "--json")[1])
            mine = [row["id"] for row in rows if name in json.dumps(row)]
            if mine:
                seat.gateway.command("approvals", "approve", mine[0], "--as", "matrix")
                return

    person = threading.Thread(target=approve)
    person.start()
    facts = seat.drive(upstream, "call", tool=tool, arguments={"entities": entities}, timeout_ms=30_000)
    person.join()
    if facts["result"].get("isError"):  # the decision came after the short wait of this configuration
        facts = seat.drive(upstream, "call", tool=tool, arguments={"entities": entities})
        must(name in text_of(facts), "the approved call did not run", facts)
        return "after a ticket"
    must(name in text_of(facts), "the approved call did not run", facts)


def cancels(seat, upstream):
    arguments = {"duration": 20, "steps": 20}
    given = {} if seat.driver == "inspector" else {"after_ms": 700}
    facts = seat.drive(upstream, "cancel", tool="trigger-long-running-operation", arguments=arguments, **given)
    must(facts["ended"] == "cancelled", "not cancelled", facts)
    if "next_list" in facts:
        must("error" not in facts["next_list"], "the connection is broken after a cancellation", facts)


def elicits(seat, upstream):
    facts = seat.drive(upstream, "elicit", content={"name": "Ada", "integer": 7}, tool="trigger-elicitation-request")
    must([each["method"] for each in facts["asked"]] == ["elicitation/create"], "not asked once", facts)
    must("Ada" in text_of(facts), "the answer did not arrive", facts)


def samples(seat, upstream):
    given = {"prompt": "hello", "maxTokens": 20}
    facts = seat.drive(upstream, "sample", text="a sampled line", tool="trigger-sampling-request", arguments=given)
    must([each["method"] for each in facts["asked"]] == ["sampling/createMessage"], "not asked once", facts)
    must("a sampled line" in text_of(facts), "the answer did not arrive", facts)


def shares_roots(seat, upstream):
    """server-everything asks once, when it is connected, when nobody in particular is there: behind a shared
    connection it is told of none, and one caller's roots never reach another. Wrapped, it has its own client's."""
    place = f"file:///srv/{seat.run_name}"
    facts = seat.drive(upstream, "roots", roots=[{"uri": place, "name": "matrix"}], tool="get-roots-list")
    if upstream.startswith("everything"):
        must("file:///srv/" not in text_of(facts), "roots of some caller were kept", facts)
        return "shared connection: no roots"
    must(place in text_of(facts), "the roots did not arrive", facts)


def progresses(seat, upstream):
    arguments = {"duration": 1, "steps": 4}
    facts = seat.drive(upstream, "progress", tool="trigger-long-running-operation", arguments=arguments)
    must("completed" in text_of(facts), "not completed", facts)
    steps = [each["progress"] for each in facts["progress"]]
    must(steps == sorted(steps) and len(steps) >= 3, "progress is missing", facts["progress"])
    return f"{len(steps)} steps"


def reads(seat, upstream):
    uri = "demo://resource/dynamic/text/1"
    facts = seat.drive(upstream, "read", uri=uri)
    must("Resource 1" in json.dumps(facts.get("result", {})), "the resource was not read", facts)


def prompts(seat, upstream):
    facts = seat.drive(upstream, "prompt", name="args-prompt", arguments={"city": "Bern"})
    must("Bern" in json.dumps(facts.get("result", {})), "the prompt did not come", facts)


def updates(seat, upstream):
    """A resource's update reaches its subscriber."""
    uri = "demo://resource/dynamic/text/1"
    given = {"uris": [uri], "tool": "toggle-subscriber-updates", "wait_ms": 1500}
    if upstream.startswith("everything"):
        given["wait_ms"] = 7000
    for _ in range(2):  # the tool toggles: on a shared connection another caller may have switched it on before
        facts = seat.drive(upstream, "subscribe", **given)
        if "notifications/resources/updated" in [each.get("method") for each in facts["notifications"]]:
            return
    raise Wrong(f"no update arrived: {short(facts)}")


def lists_all(seat, _upstream):
    """Behind the one endpoint every tool has its server's name before it, and can be called by that."""
    names = [each["name"] for each in seat.drive(None, "list")["tools"]]
    servers = {name.split("__")[0] for name in names}
    state = seat.gateway.ready()["upstreams"]
    must(servers == set(state), "servers are missing", [sorted(servers), state])
    must(all("__" in name for name in names) and len(set(names)) == len(names), "names without a server", names)
    given = {"message": "all of them"}
    text = text_of(seat.drive(None, "call", tool="everything__echo", arguments=given))
    must("Echo: all of them" in text, "not echoed", text)
    return f"{len(names)} tools"


ON_EACH = {"lists": lists, "calls": calls}
ON_BOTH_ERAS = {
    "cancels": cancels,
    "elicits": elicits,
    "samples": samples,
    "roots": shares_roots,
    "progress": progresses,
    "reads": reads,
    "prompts": prompts,
    "updates": updates,
}
ONCE = {"lists all": lists_all, "is refused": is_refused, "is held": is_held, "waits": waits}
