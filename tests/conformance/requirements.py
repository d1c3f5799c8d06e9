"""Which scenarios a revision asks for, read from the suite's own frozen lists."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "peers"))
from gateway import PEERS  # noqa: E402

REVISIONS = ("2026-07-28", "2025-11-25")
SUITE = PEERS / "node_modules/@modelcontextprotocol/conformance"
# How many scenarios the pinned suite scores. Written down here, so that lists that are read wrongly, or a suite that
# asks for less, end a run instead of shrinking it. Count again when the pin moves.
SCORED = {
    ("2026-07-28", "server"): 37,
    ("2025-11-25", "server"): 30,
    ("2026-07-28", "client"): 32,
    ("2025-11-25", "client"): 18,
}


def read(revision):
    """{leg: {scenario: reason}}; the reason is empty for a scored scenario, else why it is not scored."""
    legs = {"server": {}, "client": {}}
    section = scenario = None
    for line in (SUITE / f"requirements/{revision}.yaml").read_text().splitlines():
        words = line.split("#")[0].strip().removeprefix("- ").split(": ", 1)
        if not line.startswith((" ", "#")) and line.endswith(":"):
            section = line[:-1]
        elif section in legs and line.startswith("  - "):
            legs[section][words[0]] = ""
        elif section == "not_scored" and words[0] == "scenario":
            scenario = words[1]
        elif section == "not_scored" and words[0] == "leg":
            leg = words[1]
        elif section == "not_scored" and words[0] == "reason":
            legs[leg][scenario] = words[1]
    return legs
