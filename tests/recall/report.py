#!/usr/bin/env python3
"""Recall and false positives of the rules alone, on a labelled set that nobody tunes to.

tests/recall/report.py [FILE] [--bartizan PROGRAM] [--profile P] [--surface S] [--json]: FILE holds lines
`{"id", "text", "label", "set", "sub"}` (label 1: attack, 0: harmless), gzipped or not. Each text goes through
`bartizan scan --jsonl`. Caught means held, blocked, redacted, stripped or quarantined; flagged is told apart. Reports
counts alone: no text and no id is printed, so that running it teaches nothing about single samples.
"""

import argparse
import gzip
import json
import subprocess
import sys
import threading
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEFAULT = ROOT.parent / "shared/data/benchmark/public.jsonl.gz"
CAUGHT = {"redact", "strip", "hold", "block", "quarantine"}


def programs():
    return [ROOT / "target" / kind / "bartizan" for kind in ("release", "debug")]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", nargs="?", type=Path, default=DEFAULT, help="the set, or the folder of public.jsonl.gz")
    parser.add_argument("--bartizan", type=Path, help="the program (default: of this tree, release before debug)")
    parser.add_argument("--profile", default="balanced")
    parser.add_argument("--surface", default="tool_result")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def read(path):
    if path.is_dir():
        path = path / "public.jsonl.gz"
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else open(path, encoding="utf-8")
    with opened as lines:
        return [json.loads(line) for line in lines if line.strip()]


def scan(program, records, profile, surface):
    """The action for each record, by its number."""
    command = [str(program), "scan", "--jsonl", "--surface", surface, "--profile", profile]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")

    def feed():
        with process.stdin:
            for number, record in enumerate(records):
                process.stdin.write(json.dumps({"id": number, "text": record["text"]}) + "\n")

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    actions = {}
    for line in process.stdout:
        answer = json.loads(line)
        actions[answer["id"]] = answer["action"]
    feeder.join()
    if process.wait() not in (0, 1) or len(actions) != len(records):
        sys.exit(f"{program} ended with {process.returncode} and answered {len(actions)} of {len(records)} texts")
    return [actions[number] for number in range(len(records))]


def rows(records, actions):
    """Counts for each set and part, attacks first, then the sums of both kinds."""
    counts = {}
    for record, action in zip(records, actions):
        attack = record["label"] == 1
        word = "caught" if action in CAUGHT else "flagged" if action == "flag" else "passed"
        for name in ((record["set"], record.get("sub") or ""), ("all", "")):
            counts.setdefault((not attack, name[0] == "all", *name), Counter())[word] += 1
    for (harmless, _, name, sub), count in sorted(counts.items()):
        total = sum(count.values())
        yield {
            "kind": "harmless" if harmless else "attack",
            "set": name,
            "sub": sub,
            "texts": total,
            "caught": count["caught"],
            "flagged": count["flagged"],
            "caught_percent": round(100 * count["caught"] / total, 1),
            "found_percent": round(100 * (count["caught"] + count["flagged"]) / total, 1),
        }


def main():
    asked = arguments()
    found = [asked.bartizan] if asked.bartizan else [it for it in programs() if it.exists()]
    if not found:
        sys.exit("build it first: cargo build --release")
    records = read(asked.file)
    table = list(rows(records, scan(found[0], records, asked.profile, asked.surface)))
    if asked.json:
        print(json.dumps(table, indent=2))
        return
    print("| kind | set | part | texts | caught | flagged | caught % | caught or flagged % |")
    print("|---|---|---|---:|---:|---:|---:|---:|")
    for row in table:
        cells = ("kind", "set", "sub", "texts", "caught", "flagged", "caught_percent", "found_percent")
        print("| " + " | ".join(str(row[cell]) for cell in cells) + " |")


if __name__ == "__main__":
    main()
