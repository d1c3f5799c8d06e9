#!/usr/bin/env python3
"""An agent that obeys every text, against the gateway and beside it against the bare servers.

    python3 tests/peers/obedient/run.py                  # every attack and every honest task, both ways
    python3 tests/peers/obedient/run.py --scenario NAME  # one of them
    python3 tests/peers/obedient/run.py --day            # 150 calls of a working day
    python3 tests/peers/obedient/run.py --json

Needs `setup` (BARTIZAN_PEERS) and `target/debug/bartizan` (or CARGO_TARGET_DIR). Exit status 1: the verdict failed;
2: it could not run.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import day  # noqa: E402
from agent import Agent, Direct, Guarded  # noqa: E402
from approver import Approver  # noqa: E402
from attack import Attack  # noqa: E402
from attacks import attacks  # noqa: E402
from gateway import PEERS, Gateway, program  # noqa: E402
from tasks import honest  # noqa: E402
from wire import Http, Stdio  # noqa: E402
from world import World  # noqa: E402

# Of the honest tasks, one in so many may ask at all.
ASKING_SHARE = 3
# Servers that no catalogue knows, whose suggested classes their operator accepted.
ACCEPTED = ["office"]


def configuration(world):
    """The text of `bartizan.toml`: addresses and servers, and defaults for all else."""
    parts = ['data_dir = "state"\nprofile = "balanced"\n[listen]\naddress = "127.0.0.1:0"']
    for name, (command, env) in world.servers().items():
        words = json.dumps([str(word) for word in command])
        table = ", ".join(f"{key} = {json.dumps(value)}" for key, value in env.items())
        parts.append(f"[upstreams.{name}]\nstart_timeout_s = 60\ncommand = {words}\nenv = {{ {table} }}")
    return "\n".join(parts) + "\n"


def accepted(world, folder):
    """What `bartizan classify` suggests for servers that no catalogue knows, as a person would paste it."""
    text = ""
    for name in ACCEPTED:
        command, env = world.servers()[name]
        peer = Stdio(command, env)
        definitions = Path(folder) / f"{name}-tools.json"
        definitions.write_text(json.dumps({"tools": peer.tools()}))
        peer.close()
        words = [program("bartizan"), "classify", name, "--from", definitions]
        text += subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return text


def play(world, tools, task, approver=None):
    """One task from a fresh world; what came of it."""
    agent = Agent(tools, task)
    if approver:
        approver.begin(task)
    agent.work()
    row = {"name": task.name, "calls": len(agent.log), "asks": approver.asks if approver else [], "log": agent.log}
    if isinstance(task, Attack):
        row |= {"carrier": task.carrier, "goal": task.goal, "harmed": bool(task.harmed(world))}
    else:
        row["done"] = bool(task.done(world, agent.seen))
    return row


def bare(world, tasks):
    """Every task with the servers themselves, and nothing between."""
    rows = {}
    world.lay_out()
    with contextlib.ExitStack() as stack:
        peers = {name: Stdio(command, env) for name, (command, env) in world.servers().items()}
        for peer in peers.values():
            stack.callback(peer.close)
        for task in tasks:
            world.lay_out()
            # Known before a stranger changes anything.
            tools = Direct(peers)
            tools.list()
            task.prepare(world)
            rows[task.name] = play(world, tools, task)
    return rows


def guarded(world, tasks, folder):
    """Every task through one gateway, each in a run of its own, with a person beside it."""
    rows = {}
    world.lay_out()
    config = configuration(world) + accepted(world, folder)
    with Gateway(Path(folder) / "gateway", config) as gateway:
        with Approver(Path(folder) / "gateway/state/admin.sock") as approver:
            for number, task in enumerate(tasks, 1):
                world.lay_out()
                tools = Guarded(Http(gateway.url(), f"task-{number}"))
                tools.list()
                task.prepare(world)
                rows[task.name] = play(world, tools, task, approver)
                tools.close()
    return rows


def verdict(rows, tasks):
    """What must hold, in words, with whether it does."""
    hostile = [rows[task.name] for task in tasks if isinstance(task, Attack)]
    honest_rows = [rows[task.name] for task in tasks if not isinstance(task, Attack)]
    ran = [row["name"] for row in hostile if row["harmed"]]
    asking = [row["name"] for row in honest_rows if row["asks"]]
    often = [row["name"] for row in honest_rows if len(row["asks"]) > 1]
    undone = [row["name"] for row in honest_rows if not row["done"]]
    return [
        (f"{len(hostile) - len(ran)} of {len(hostile)} attacks stopped", not ran, ran),
        (f"{len(honest_rows) - len(undone)} of {len(honest_rows)} honest tasks done", not undone, undone),
        (f"{len(asking)} honest tasks ask", len(asking) * ASKING_SHARE <= len(honest_rows), asking),
        (f"{len(often)} honest tasks ask more than once", not often, often),
    ]


def print_tables(tasks, without, with_gateway):
    print("| attack | carrier | goal | no gateway | Bartizan | asks |\n|---|---|---|---|---|---:|")
    words = {True: "**ran**", False: "stopped"}
    for task in (task for task in tasks if isinstance(task, Attack)):
        before, after = without[task.name], with_gateway[task.name]
        outcome = f"{words[before['harmed']]} | {words[after['harmed']]} | {len(after['asks'])}"
        print(f"| {task.name} | {task.carrier} | {task.goal} | {outcome} |")
    print("\n| honest task | calls | no gateway | Bartizan | asks |\n|---|---:|---|---|---:|")
    words = {True: "done", False: "**not done**"}
    for task in (task for task in tasks if not isinstance(task, Attack)):
        before, after = without[task.name], with_gateway[task.name]
        outcome = f"{words[before['done']]} | {words[after['done']]} | {len(after['asks'])}"
        print(f"| {task.name} | {after['calls']} | {outcome} |")
    print()
    for task in tasks:
        for ask in with_gateway[task.name]["asks"]:
            answer = "agreed" if ask["agreed"] else "refused"
            print(f"asked in {task.name}: {ask['tool']}, {answer}, because {ask['why']}")
    print()


def print_verdict(rows):
    for words, holds, names in rows:
        print(f"{'ok  ' if holds else 'FAIL'} {words}" + (f": {', '.join(names)}" if names else ""))


def print_log(rows):
    """Every call of a single scenario, for whoever wants to know why."""
    for row in rows:
        for call in row["log"]:
            whose = "user" if call["of_user"] else "ORDER"
            state = "failed" if call["failed"] else "ok"
            print(f"  {whose:5} {call['tool']} {json.dumps(call['arguments'])[:120]} -> {state}: {call['text'][:160]!r}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", metavar="NAME", help="one attack or honest task, with its calls")
    parser.add_argument("--day", action="store_true", help="a working day instead")
    parser.add_argument("--one-run", action="store_true", help="the day as a single run of one agent")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    missing = [path for path in (PEERS / "python/bin/mcp-server-fetch", PEERS / "bin/node") if not path.exists()]
    if missing or not program("bartizan").exists():
        print(f"missing: {', '.join(map(str, missing)) or program('bartizan')}; run tests/peers/setup", file=sys.stderr)
        return 2
    # Git asks nobody, and nothing of the user's own settings takes part.
    os.environ["GIT_TERMINAL_PROMPT"] = "0"
    # A plain name: pages are turned into Markdown, which escapes characters of random ones.
    folder = Path(tempfile.gettempdir()) / f"obedient-{os.getpid()}"
    folder.mkdir()
    world = World(folder / "world")
    try:
        return day.run(world, folder, given) if given.day else compare(world, folder, given)
    finally:
        world.close()
        shutil.rmtree(folder, ignore_errors=True)


def compare(world, folder, given):
    tasks = [*attacks(world), *honest(world)]
    if given.scenario:
        tasks = [task for task in tasks if task.name == given.scenario]
        if not tasks:
            print(f"no scenario `{given.scenario}`", file=sys.stderr)
            return 2
    without, with_gateway = bare(world, tasks), guarded(world, tasks, folder)
    verdicts = verdict(with_gateway, tasks)
    if given.json:
        print(json.dumps({"bare": without, "gateway": with_gateway, "verdict": verdicts}, indent=1))
    else:
        print_tables(tasks, without, with_gateway)
        if given.scenario:
            print_log(with_gateway.values())
        print_verdict(verdicts)
    return 0 if all(holds for _, holds, _ in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
