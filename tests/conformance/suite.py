"""Runs the suite's scenarios, directly and through the gateway, and sets the outcomes side by side."""

import argparse
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import content
import requirements
from requirements import PEERS, REVISIONS, SUITE

from gateway import Gateway, Listener, program  # beside the peers; `requirements` put it on the path

HERE = Path(__file__).resolve().parent
NODE = [PEERS / "bin/node", SUITE / "dist/index.js"]
CONFIG = """
naming = "plain"
profile = "transparent"
data_dir = "data"
[listen]
address = "127.0.0.1:0"
[upstreams.fixture]
{upstream}
"""
# How the gateway reaches the fixture: the era of either side and the transport must not matter.
UPSTREAMS = ("http", "stdio", "http-legacy", "stdio-legacy")
# Scored scenarios that the gateway is known not to pass, each with why. One that passes must leave this list.
KNOWN = {}


def behind(upstream, url, release, stack):
    """The gateway's upstream section."""
    fixture = [program("examples/everything", release)] + (["--legacy-only"] if "legacy" in upstream else [])
    if upstream.startswith("stdio"):
        return f"command = {json.dumps([*map(str, fixture), '--stdio'])}"
    if upstream == "http":
        return f'url = "{url}"'
    return f'url = "{stack.enter_context(Listener([*fixture, "--http", "127.0.0.1:0"])).url}"'


def judged(folder):
    """(passed, failed, the first failure) of the checks that one scenario wrote."""
    checks = [check for path in folder.glob("**/checks.json") for check in json.loads(path.read_text())]
    count = {status: [c for c in checks if c["status"] == status] for status in ("SUCCESS", "FAILURE", "WARNING")}
    first = next(iter(count["FAILURE"] + count["WARNING"]), {})
    why = first.get("errorMessage") or first.get("description") or ""
    return len(count["SUCCESS"]), len(count["FAILURE"]), len(count["WARNING"]), why


def word(passed, failed, warned=0):
    if failed:
        return f"FAIL {failed}/{passed + failed}"
    if warned:
        return f"warn {warned}/{passed + warned}"
    return f"pass {passed}" if passed else "nothing"


def server_leg(url, revision, folder, wanted):
    """{scenario: (word, why)} of the suite as a client of `url`."""
    words = [*NODE, "server", "--url", url, "-o", folder]
    if wanted:
        for scenario in wanted:
            more = ["--scenario", scenario, "--spec-version", revision]
            subprocess.run([*words, *more], capture_output=True, timeout=300)
    else:
        subprocess.run([*words, "--requirements", revision], capture_output=True, timeout=900)
    outcomes = {}
    for path in Path(folder).glob("server-*"):
        scenario = path.name.removeprefix("server-").rsplit("-", 6)[0].removesuffix("-" + path.name.split("-")[-6])
        passed, failed, warned, why = judged(path)
        outcomes[scenario] = (word(passed, failed, warned), why)
    return outcomes


def client_scenario(scenario, revision, folder, release):
    """One scenario in which the suite is the server and the gateway its client."""
    env = os.environ | ({"BARTIZAN_CONFORMANCE_RELEASE": "1"} if release else {})
    command = f"{sys.executable} {HERE / 'client.py'}"
    words = [*NODE, "client", "--command", command, "--scenario", scenario, "--spec-version", revision]
    limits = {"timeout": 150, "env": env}
    ran = subprocess.run([*words, "-o", folder, "--timeout", "90000"], capture_output=True, text=True, **limits)
    passed, failed, warned, why = judged(Path(folder))
    text = word(passed, failed, warned)
    if ran.returncode and text.startswith("pass"):
        text, why = "FAIL exit", "the client ended with an error or too late"
    return text, why


def client_leg(scenarios, revision, folder, release):
    """{scenario: (word, why)}; two at once, each with a gateway of its own."""
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        runs = {}
        for scenario in scenarios:
            place = Path(folder) / scenario.replace("/", "-")
            place.mkdir(parents=True)
            runs[scenario] = pool.submit(client_scenario, scenario, revision, place, release)
        return {scenario: run.result() for scenario, run in runs.items()}


def rows_of(revision, folder, options, fixture, gateway):
    """All rows of one requirement set."""
    legs, rows = requirements.read(revision), []
    chosen = {leg: [s for s in all_of if not options.scenario or s in options.scenario] for leg, all_of in legs.items()}
    if "server" in options.leg and chosen["server"]:
        wanted = chosen["server"] if options.scenario else []
        direct = server_leg(fixture, revision, folder / "direct", wanted)
        through = server_leg(gateway.url(), revision, folder / "through", wanted)
        for scenario in chosen["server"]:
            missing = ("not run", "")
            rows.append(row(revision, "server", scenario, legs, direct.get(scenario, missing), through.get(scenario, missing)))
    if "client" in options.leg:
        for scenario, through in client_leg(chosen["client"], revision, folder / "client", options.release).items():
            rows.append(row(revision, "client", scenario, legs, ("-", ""), through))
    return rows


def row(revision, leg, scenario, legs, direct, through):
    reason = legs[leg][scenario]
    good = lambda text: text.startswith("pass")  # noqa: E731
    known = KNOWN.get((revision, scenario)) or KNOWN.get(scenario, "")
    added = not reason and not good(through[0]) and (good(direct[0]) or leg == "client" and direct[0] == "-")
    stale = bool(known) and good(through[0])
    return {
        "set": revision,
        "leg": leg,
        "scenario": scenario,
        "scored": not reason,
        "reason": reason,
        "direct": direct[0],
        "through": through[0],
        "why": through[1] if not good(through[0]) else "",
        "known": known,
        "adds_a_failure": (added and not known) or stale,
    }


def show(rows, contents):
    wide = max(len(each["scenario"]) for each in rows) if rows else 10
    print(f"{'set':10}  {'leg':6}  {'scenario':{wide}}  {'scored':19}  {'direct':10}  through the gateway")
    for each in rows:
        scored = "scored" if each["scored"] else each["reason"]
        note = each["known"] or (each["why"] if each["scored"] else "")
        mark = "  <-- " + note[:160] if note else ""
        print(
            f"{each['set']}  {each['leg']:6}  {each['scenario']:{wide}}  {scored:19}  {each['direct']:10}  {each['through']}{mark}"
        )
    for era, label, same, difference in contents:
        print(f"content     {era:6}  {label:{wide}}  {'asserted':19}  {'':10}  {'same bytes' if same else 'DIFFERS ' + difference}")


def summary(rows, contents, seconds):
    good = lambda each, side: each[side].startswith("pass")  # noqa: E731
    for revision in REVISIONS:
        for leg in ("server", "client"):
            some = [each for each in rows if each["set"] == revision and each["leg"] == leg]
            for scored, name in ((True, "scored"), (False, "not scored")):
                part = [each for each in some if each["scored"] == scored]
                if part:
                    direct = sum(good(each, "direct") for each in part)
                    through = sum(good(each, "through") for each in part)
                    directly = f"{direct} pass directly, " if leg == "server" else ""
                    print(f"{revision} {leg} {name}: of {len(part)}, {directly}{through} pass through the gateway")
    if contents:
        print(f"content: {sum(same for _, _, same, _ in contents)} of {len(contents)} answers are byte-equal")
    print(f"{seconds:.0f} s")


def options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", action="store_true", help="the binaries of target/release")
    parser.add_argument("--json", action="store_true", help="the table as JSON")
    parser.add_argument("--requirements", action="append", choices=REVISIONS)
    parser.add_argument("--leg", action="append", choices=("server", "client", "content"))
    parser.add_argument("--upstream", choices=UPSTREAMS, default="http", help="how the gateway reaches the fixture")
    parser.add_argument("--scenario", action="append", help="only these; repeatable")
    parser.add_argument("--keep", type=Path, help="keep what the suite wrote in this folder")
    given = parser.parse_args()
    given.leg = given.leg or ["server", "client", "content"]
    return given


def main():
    given, start = options(), time.monotonic()
    rows, contents = [], []
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.keep or Path(temporary)).absolute()
        fixture = Listener([program("examples/everything", given.release), "--http", "127.0.0.1:0"])
        with ExitStack() as stack, fixture:
            config = CONFIG.format(upstream=behind(given.upstream, fixture.url, given.release, stack))
            gateway = stack.enter_context(Gateway(Path(temporary) / "gateway", config, given.release))
            for revision in given.requirements or REVISIONS:
                rows += rows_of(revision, folder / revision, given, fixture.url, gateway)
            if "content" in given.leg:
                contents = content.compare(fixture.url, gateway.url())
    bad = [each for each in rows if each["adds_a_failure"]]
    if given.json:
        print(json.dumps({"rows": rows, "content": contents, "left_over": gateway.left_over}, indent=1))
    else:
        show(rows, contents)
        summary(rows, contents, time.monotonic() - start)
        for line in gateway.left_over:
            print("left over:", line)
    return 1 if bad or gateway.left_over or not all(same for _, _, same, _ in contents) else 0


if __name__ == "__main__":
    sys.exit(main())
