"""Clients × eras × servers × scenes, through the gateway. One line per cell; `run` beside this file starts it."""

import argparse
import concurrent.futures
import json
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, nullcontext
from pathlib import Path

import scenes
import selection
import upstreams
import wrapped
from gateway import Gateway

# Drivers at once; each is a process or two on its own.
WORKERS = 3
# A server of the old era on one pipe cannot say whom it asks: while two callers have calls there, the gateway
# lets it ask nobody. So nothing else runs there while a scene of it does.
ALONE = threading.Lock()
USES_EVERYTHING = {"lists all", "is refused"}


def judge(cell, gateway, desktop, folder, missing):
    client, upstream, scene, play = cell
    start = time.monotonic()
    try:
        if upstream in missing:
            raise scenes.Skipped(missing[upstream])
        seat = scenes.Seat(client, gateway, folder)
        with ALONE if upstream == "everything" or scene in USES_EVERYTHING else nullcontext():
            remark = wrapped.wrap_scene(desktop, client, scene) if play is None else play(seat, upstream)
        state, remark = "ok", remark or ""
    except scenes.Skipped as why:
        state, remark = "skipped", str(why)
    except scenes.Wrong as why:
        state, remark = "FAIL", str(why)
    except Exception as why:  # a driver that hangs or a broken harness is a failed cell, not the end of the run
        state, remark = "FAIL", f"{type(why).__name__}: {why}"
    seconds = round(time.monotonic() - start, 1)
    return {"client": client, "upstream": upstream, "scene": scene, "state": state, "remark": remark, "seconds": seconds}


def eras(ready):
    """Every server is spoken to in the newest revision that it knows."""
    for name, state in ready["upstreams"].items():
        expected = upstreams.REVISIONS.get(name, "2025-11-25")
        right = state.get("revision") == expected
        remark = "" if right else f"expected {expected}: {json.dumps(state)}"
        facts = {"client": "the gateway", "upstream": name, "scene": "lists", "seconds": 0, "remark": remark}
        yield facts | {"state": "ok" if right else "FAIL"}


def play_all(options, folder):
    """All rows, and what else is wrong: something left over when everything was stopped, a record that does not hold."""
    wanted = selection.asked(options)
    wanted = selection.cover(wanted) if options.pairs else wanted
    names = sorted({name for _, name, _, _ in wanted} & upstreams.UPSTREAMS.keys() | {"everything", "memory"})
    available, missing = upstreams.installed(names)
    upstreams.prepare(folder)
    with ExitStack() as stack:
        config = upstreams.configuration(folder, stack, available)
        gateway = stack.enter_context(Gateway(folder, config, options.release))
        desktop = stack.enter_context(wrapped.Desktop(folder / "desktop", options.release))
        with concurrent.futures.ThreadPoolExecutor(options.workers) as pool:
            rows = list(pool.map(lambda cell: judge(cell, gateway, desktop, folder, missing), wanted))
        ready = gateway.ready()
        status, audit = gateway.command("audit", "verify")
    faults = [f"left over: {line}" for line in gateway.left_over + desktop.left_over]
    faults += [f"the audit does not hold: {audit.strip()}"] if status else []
    if options.pairs:
        faults += [f"not shown: {', '.join(pair)}" for pair in selection.uncovered(options, rows)]
    return rows + list(eras(ready)), faults, ready, audit.strip()


def show(rows, faults, audit, seconds):
    """A table with a line per client and server, a column per scene; then every remark worth reading."""
    columns = list(dict.fromkeys(row["scene"] for row in rows))
    marks = {"ok": "ok", "FAIL": "FAIL", "skipped": "skip"}
    by_line = {}
    for row in rows:
        by_line.setdefault((row["client"], row["upstream"]), {})[row["scene"]] = marks[row["state"]]
    print(f"{'client':17} {'server':16} " + " ".join(f"{column:10}" for column in columns))
    for (client, upstream), line in by_line.items():
        print(f"{client:17} {upstream:16} " + " ".join(f"{line.get(column, ''):10}" for column in columns))
    print()
    for row in rows:
        if row["state"] != "ok":
            print(f"{row['state']}: {row['client']}, {row['upstream']}, {row['scene']}: {row['remark'][:600]}")
    for line in faults:
        print(line)
    count = {state: sum(row["state"] == state for row in rows) for state in marks}
    print(f"audit: {audit}")
    print(f"{count['ok']} ok, {count['FAIL']} failed, {count['skipped']} skipped, {seconds:.0f} s")


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pairs", action="store_true", help="not every cell, but every pair; a pair not seen is a failure")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--release", action="store_true", help="the binary of target/release")
    parser.add_argument("--client", action="append", choices=scenes.CLIENTS)
    parser.add_argument("--upstream", action="append", choices=upstreams.UPSTREAMS)
    parser.add_argument("--scene", action="append")
    parser.add_argument("--workers", type=int, default=WORKERS)
    parser.add_argument("--keep", type=Path, help="keep the gateway's folder here")
    return parser.parse_args()


def main():
    given, start = options(), time.monotonic()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.keep or Path(temporary) / "matrix").absolute()
        rows, faults, ready, audit = play_all(given, folder)
    seconds = time.monotonic() - start
    if given.json:
        facts = {"rows": rows, "faults": faults, "upstreams": ready["upstreams"], "audit": audit}
        print(json.dumps(facts | {"seconds": round(seconds, 1)}, indent=1))
    else:
        show(rows, faults, audit, seconds)
    return 1 if faults or any(row["state"] == "FAIL" for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
