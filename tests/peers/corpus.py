"""Real files to carry through the gateway: those of the installed peers, and what this repository has without attacks.

Its sources, tests and rules quote attacks and secrets, which are to be withheld; tests/corpus says which honest texts are."""

import hashlib
from pathlib import Path

from gateway import PEERS, ROOT

# What counts as each kind, and how many of the five hundred it should bring.
SOURCE = (".rs", ".py", ".js", ".mjs", ".cjs", ".ts", ".sh", ".css", ".html", ".toml")
DATA = (".json", ".yaml", ".yml", ".xml", ".map")
PROSE = (".md", ".txt", ".tmpl")
SHARE = {"source": 280, "data": 90, "csv": 50, "prompt": 20, "prose": 60}
# The message limit of the gateway counts escaped bytes; files above this are no editor's daily work.
BYTES_MAX = 400_000


def kind_of(path):
    """Package records (RECORD) are CSV files; prompts are what carries the word in its name."""
    name = path.name.lower()
    if name == "record" or path.suffix == ".csv":
        return "csv"
    near = f"{path.parent.name}/{name}".lower()
    if path.suffix in (".md", ".txt", ".tmpl", ".js", ".mjs", ".ts", ".py") and ("prompt" in near or "instruction" in near):
        return "prompt"
    for kind, suffixes in (("source", SOURCE), ("data", DATA), ("prose", PROSE)):
        if path.suffix in suffixes:
            return kind
    return None


def candidates():
    folders = [ROOT / name for name in ("docs", "docker", "benches")]
    folders += [PEERS / "node_modules", PEERS / "python/lib", Path("/usr/share/distro-info")]
    for folder in folders:
        yield from (path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def short(path):
    """The same on every machine, so that the choice is too."""
    roots = [root for root in (PEERS, ROOT) if path.is_relative_to(root)]
    return str(path.relative_to(roots[0])) if roots else str(path)


def is_text(content):
    if b"\0" in content:
        return False
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def gather(target, count):
    """Copies `count` files into `target`, spread evenly by a digest of their paths; {file: where it came from}."""
    by_kind = {kind: [] for kind in SHARE}
    for path in candidates():
        kind = kind_of(path)
        if kind:
            by_kind[kind].append((hashlib.sha256(short(path).encode()).digest(), path))
    chosen, spare = [], []
    for kind, share in SHARE.items():
        paths = [path for _, path in sorted(by_kind[kind])]
        wanted = share * count // sum(SHARE.values())
        chosen += [(kind, path) for path in paths[:wanted]]
        spare += [(kind, path) for path in paths[wanted:]]
    return copy(chosen + spare, target, count)


def copy(paths, target, count):
    origins = {}
    for kind, path in paths:
        if len(origins) == count:
            break
        content = path.read_bytes()
        if content and len(content) <= BYTES_MAX and is_text(content):
            name = f"{len(origins):04}-{kind}-{path.name}"
            (target / name).write_bytes(content)
            origins[name] = str(path)
    return origins
