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
import verdict
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


def run_suite(words, seconds, **more):
    """(whether it ended well, the end of what it said); too late is an end too, and never a good one."""
    try:
        ran = subprocess.run([*NODE, *words], capture_output=True, text=True, timeout=seconds, **more)
    except subprocess.TimeoutExpired:
        return False, f"the suite did not end within {seconds} s"
    return ran.returncode == 0, (ran.stderr.strip() or ran.stdout.strip())[-300:]


def server_leg(url, revision, folder, asked, scenarios):
    """{scenario: (word, why)} of the suite as a client of `url`."""
    words, said = ["server", "--url", url, "-o", folder], ""
    if asked:
        for scenario in scenarios:
            _, said = run_suite([*words, "--scenario", scenario, "--spec-version", revision], 300)
    else:
        _, said = run_suite([*words, "--requirements", revision], 900)
    # A scenario that wrote nothing did not run, whatever became of the suite.
    outcomes = dict.fromkeys(scenarios, ("not run", said))
    for path in Path(folder).glob("server-*"):
        scenario = path.name.removeprefix("server-").rsplit("-", 6)[0].removesuffix("-" + path.name.split("-")[-6])
        passed, failed, warned, why = judged(path)
        outcomes[scenario] = (word(passed, failed, warned), why)
    return outcomes


def client_scenario(scenario, revision, folder, release):
    """One scenario in which the suite is the server and the gateway its client."""
    env = os.environ | ({"BARTIZAN_CONFORMANCE_RELEASE": "1"} if release else {})
    command = f"{sys.executable} {HERE / 'client.py'}"
    words = ["client", "--command", command, "--scenario", scenario, "--spec-version", revision]
    ended_well, said = run_suite([*words, "-o", folder, "--timeout", "90000"], 150, env=env)
    passed, failed, warned, why = judged(Path(folder))
    text = word(passed, failed, warned)
    if not ended_well and text.startswith("pass"):
        text, why = "FAIL exit", "the client ended with an error or too late"
    return text, why or said


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
        wanted = (bool(options.scenario), chosen["server"])
        direct = server_leg(fixture, revision, folder / "direct", *wanted)
        through = server_leg(gateway.url(), revision, folder / "through", *wanted)
        for scenario in chosen["server"]:
            rows.append(row(revision, "server", scenario, legs, direct[scenario], through[scenario]))
    if "client" in options.leg:
        for scenario, through in client_leg(chosen["client"], revision, folder / "client", options.release).items():
            rows.append(row(revision, "client", scenario, legs, ("-", ""), through))
    return rows


def row(revision, leg, scenario, legs, direct, through):
    reason = legs[leg][scenario]
    why = next((side[1] for side in (direct, through) if not verdict.passed(side[0]) and side[0] != "-"), "")
    facts = {"set": revision, "leg": leg, "scenario": scenario, "scored": not reason, "reason": reason}
    facts |= {"direct": direct[0], "through": through[0], "why": why}
    return facts | {"wrong": verdict.wrong(facts)}


def show(rows, contents):
    wide = max(len(each["scenario"]) for each in rows) if rows else 10
    print(f"{'set':10}  {'leg':6}  {'scenario':{wide}}  {'scored':19}  {'direct':10}  through the gateway")
    for each in rows:
        scored = "scored" if each["scored"] else each["reason"]
        note = each["why"] if each["wrong"] else ""
        mark = "  <-- " + note[:160] if note else ""
        print(
            f"{each['set']}  {each['leg']:6}  {each['scenario']:{wide}}  {scored:19}  {each['direct']:10}  {each['through']}{mark}"
        )
    for era, label, same, difference in contents:
        print(f"content     {era:6}  {label:{wide}}  {'asserted':19}  {'':10}  {'same bytes' if same else 'DIFFERS ' + difference}")


def summary(rows, contents, seconds):
    for revision in REVISIONS:
        for leg in ("server", "client"):
            some = [each for each in rows if each["set"] == revision and each["leg"] == leg]
            for scored, name in ((True, "scored"), (False, "not scored")):
                part = [each for each in some if each["scored"] == scored]
                if part:
                    direct = sum(verdict.passed(each["direct"]) for each in part)
                    through = sum(verdict.passed(each["through"]) for each in part)
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
    parser.add_argument("--required", action="store_true", help="a suite that is not installed is an error")
    given = parser.parse_args()
    given.leg = given.leg or ["server", "client", "content"]
    given.requirements = given.requirements or REVISIONS
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
            for revision in given.requirements:
                rows += rows_of(revision, folder / revision, given, fixture.url, gateway)
            if "content" in given.leg:
                contents = content.compare(fixture.url, gateway.url())
    failures = list(verdict.failures(rows, contents, given.requirements, given.leg, given.scenario))
    failures += [f"left over: {line}" for line in gateway.left_over]
    if given.json:
        print(json.dumps({"rows": rows, "content": contents, "failures": failures}, indent=1))
    else:
        show(rows, contents)
        summary(rows, contents, time.monotonic() - start)
        for line in failures:
            print("FAILED:", line)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
