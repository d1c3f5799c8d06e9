#!/usr/bin/env python3
"""An agent that obeys every text, against the gateway and beside it against the bare servers.

    python3 tests/peers/obedient/run.py                  # every attack and every honest task, both ways
    python3 tests/peers/obedient/run.py --scenario NAME  # one of them
    python3 tests/peers/obedient/run.py --day            # 150 calls of a working day
    python3 tests/peers/obedient/run.py --held-out       # other servers, attacks and tasks
    python3 tests/peers/obedient/run.py --third          # yet others, half of them unknown to the gateway
    python3 tests/peers/obedient/run.py --json

Needs `setup` (BARTIZAN_PEERS) and `target/debug/bartizan` (or CARGO_TARGET_DIR). Exit status 1: the verdict failed;
2: it could not run.
"""

import argparse
import contextlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import day  # noqa: E402
import held_out  # noqa: E402
import third  # noqa: E402
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


@dataclass
class Selection:
    """A set of servers, attacks and tasks. `accepted` are servers that no catalogue knows, whose suggested classes
    their operator accepted."""

    world: type
    agent: type
    tasks: Callable
    accepted: list


FIRST = Selection(World, Agent, lambda world: [*attacks(world), *honest(world)], ["office"])
HELD_OUT = Selection(held_out.HeldOutWorld, held_out.HeldOutAgent, held_out.tasks, held_out.ACCEPTED)
THIRD = Selection(third.ThirdWorld, third.ThirdAgent, third.tasks, third.ACCEPTED)


def configuration(world):
    """The text of `bartizan.toml`: addresses and servers, and defaults for all else."""
    parts = ['data_dir = "state"\nprofile = "balanced"\n[listen]\naddress = "127.0.0.1:0"\n[classifier]\nmode = "off"']
    for name, (command, env) in world.servers().items():
        words = json.dumps([str(word) for word in command])
        table = ", ".join(f"{key} = {json.dumps(value)}" for key, value in env.items())
        parts.append(f"[upstreams.{name}]\nstart_timeout_s = 60\ncommand = {words}\nenv = {{ {table} }}")
    return "\n".join(parts) + "\n"


def accepted(world, folder, names):
    """What `bartizan classify` suggests for servers that no catalogue knows, as a person would paste it."""
    text = ""
    for name in names:
        command, env = world.servers()[name]
        peer = Stdio(command, env)
        definitions = Path(folder) / f"{name}-tools.json"
        definitions.write_text(json.dumps({"tools": peer.tools()}))
        peer.close()
        words = [program("bartizan"), "classify", name, "--from", definitions]
        text += subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return text


def play(world, selection, task, connect, restart=lambda: None, approver=None):
    """One task from a fresh world, and what came of it. What it has `later` is another run, after a restart."""
    world.lay_out()
    row = {"name": task.name, "calls": 0, "asks": [], "log": []}
    for part in (task, *getattr(task, "later", ())):
        if part is not task:
            restart()
        tools = connect()
        if part is task:
            # Known before a stranger changes anything.
            tools.list()
            task.prepare(world)
        if approver:
            approver.begin(part)
        agent = selection.agent(tools, part)
        agent.work()
        tools.close()
        row["calls"] += len(agent.log)
        row["asks"] += approver.asks if approver else []
        row["log"] += agent.log
    if isinstance(task, Attack):
        row |= {"carrier": task.carrier, "goal": task.goal, "harmed": bool(task.harmed(world))}
    else:
        row["done"] = bool(task.done(world, agent.seen))
    return row


def bare(world, selection, tasks):
    """Every task with the servers themselves, and nothing between."""
    world.lay_out()
    with contextlib.ExitStack() as stack:
        peers = {name: Stdio(command, env) for name, (command, env) in world.servers().items()}
        for peer in peers.values():
            stack.callback(peer.close)
        return {task.name: play(world, selection, task, lambda: Direct(peers)) for task in tasks}


def guarded(world, selection, tasks, folder):
    """Every task through one gateway, each in a run of its own, with a person beside it."""
    world.lay_out()
    config = configuration(world) + accepted(world, folder, selection.accepted)
    runs = itertools.count(1)
    with Gateway(Path(folder) / "gateway", config) as gateway:

        def connect():
            return Guarded(Http(gateway.url(), f"task-{next(runs)}"))

        def restart():
            gateway.__exit__()
            gateway.__enter__()

        with Approver(Path(folder) / "gateway/state/admin.sock") as approver:
            return {task.name: play(world, selection, task, connect, restart, approver) for task in tasks}


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
    parser.add_argument("--held-out", action="store_true", help="the second set: other servers, attacks and tasks")
    parser.add_argument("--third", action="store_true", help="the third set: half of its servers nobody classified")
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
    selection = THIRD if given.third else HELD_OUT if given.held_out else FIRST
    world = selection.world(folder / "world")
    try:
        return day.run(world, folder, given) if given.day else compare(world, selection, folder, given)
    finally:
        world.close()
        shutil.rmtree(folder, ignore_errors=True)


def compare(world, selection, folder, given):
    tasks = selection.tasks(world)
    if given.scenario:
        tasks = [task for task in tasks if task.name == given.scenario]
        if not tasks:
            print(f"no scenario `{given.scenario}`", file=sys.stderr)
            return 2
    without = bare(world, selection, tasks)
    with_gateway = guarded(world, selection, tasks, folder)
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
