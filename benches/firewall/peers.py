"""Hyperscan and yara-x on the texts and patterns that the benchmark exported.

    cargo bench --bench firewall -- --quick --export target/firewall
    python3 -m venv target/firewall/python
    target/firewall/python/bin/pip install hyperscan yara-x
    target/firewall/python/bin/python benches/firewall/peers.py target/firewall

Patterns that an engine does not take are left out and counted. Time is that of the processor.
"""

import json
import sys
import time
from pathlib import Path

import hyperscan
import yara_x

KINDS = ["prose", "Markdown", "Rust", "data"]
SIZES = [4096, 65536]


def hyperscan_scanner(patterns):
    """A block database of all patterns that compile alone."""
    flags = hyperscan.HS_FLAG_SINGLEMATCH

    def build(some):
        database = hyperscan.Database(mode=hyperscan.HS_MODE_BLOCK)
        database.compile(
            expressions=[pattern.encode() for pattern in some],
            ids=list(range(len(some))),
            flags=[flags] * len(some),
        )
        return database

    taken = []
    for pattern in patterns:
        try:
            build([pattern])
            taken.append(pattern)
        except Exception:
            continue
    database = build(taken)
    scratch = hyperscan.Scratch(database)
    ignore = lambda *_: None
    return len(taken), lambda data: database.scan(data, match_event_handler=ignore, scratch=scratch)


def yara_scanner(patterns):
    """One rule for each pattern that compiles alone."""

    def rule(number, pattern):
        body = pattern
        nocase = ""
        if body.startswith("(?"):
            flags, rest = body[2:].split(")", 1)
            if set(flags) <= set("ims"):
                body = rest
                nocase = "i" if "i" in flags else ""
                nocase += "s" if "s" in flags else ""
        body = body.replace("/", "\\/")
        return f"rule r{number} {{ strings: $a = /{body}/{nocase} condition: $a }}"

    taken = []
    for number, pattern in enumerate(patterns):
        try:
            yara_x.compile(rule(number, pattern))
            taken.append(rule(number, pattern))
        except Exception:
            continue
    scanner = yara_x.Scanner(yara_x.compile("\n".join(taken)))
    return len(taken), scanner.scan


def rate(scan, data, size):
    pieces = [data[at : at + size] for at in range(0, len(data) - size + 1, size)]
    times = []
    for _ in range(5):
        start = time.thread_time()
        for piece in pieces:
            scan(piece)
        times.append(time.thread_time() - start)
    return len(pieces) * size / sorted(times)[2] / 1e6


def main():
    folder = Path(sys.argv[1])
    patterns = json.loads((folder / "patterns.json").read_text())
    for name, build in [("hyperscan", hyperscan_scanner), ("yara-x", yara_scanner)]:
        start = time.thread_time()
        taken, scan = build(patterns)
        print(f"{name}: {taken} of {len(patterns)} patterns, built in {time.thread_time() - start:.1f} s")
        for kind in KINDS:
            data = (folder / f"{kind}.txt").read_bytes()
            rates = " | ".join(f"{rate(scan, data, size):.0f}" for size in SIZES)
            print(f"  {kind} | {rates}  (MB/s at 4 and 64 KiB)")


if __name__ == "__main__":
    main()
