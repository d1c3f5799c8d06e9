"""What came out of which inputs: digests.toml says it, so that anyone can see that their file is ours.

The digest is that of the lines before compression: zlib's output may differ between releases.
"""

import json
import pathlib
import tomllib

from generator.dice import digest

_PATH = pathlib.Path(__file__).resolve().parent.parent / "digests.toml"
_HEAD = """# Digest of the generated lines for each set of inputs. Written by `data.py --record`.
# `inputs` covers the files read, those missing, and the generator with its lists.
"""


def recipe():
    """One digest over the generator's code and lists."""
    root = _PATH.parent
    paths = [root / "data.py", *root.glob("generator/*.py"), *root.glob("lists/**/*.toml"), *root.glob("*-data.txt")]
    return digest("\n".join(f"{p.relative_to(root)} {digest(p.read_text(encoding='utf-8'))}" for p in sorted(paths)))


def of_inputs(inputs):
    """One digest over all that the rows depend on."""
    return digest(json.dumps({**inputs, "recipe": recipe()}, sort_keys=True))


def verdict(key, lines_sha256, strict):
    """How the outcome compares with the record."""
    known = _known().get(key)
    if known is None and strict:
        raise ValueError("these inputs are not in digests.toml: run data.py with --record NAME, and say in DATA.md what changed")
    if known is None:
        return "these inputs are not in digests.toml"
    if known["jsonl_sha256"] == lines_sha256:
        return "as recorded in digests.toml"
    raise ValueError(f"digests.toml says {known['jsonl_sha256']} for the same inputs: the generator is not reproducible")


def record(key, name, lines_sha256, rows):
    """Writes the outcome down; it replaces an older one of the same name."""
    known = {k: v for k, v in _known().items() if v["name"] != name}
    known[key] = {"name": name, "inputs": key, "jsonl_sha256": lines_sha256, "rows": rows}
    blocks = []
    for entry in sorted(known.values(), key=lambda one: one["name"]):
        blocks.append("[[set]]\n" + "".join(f"{k} = {json.dumps(v)}\n" for k, v in entry.items()))
    _PATH.write_text(_HEAD + "\n" + "\n".join(blocks), encoding="utf-8")


def _known():
    if not _PATH.is_file():
        return {}
    return {one["inputs"]: one for one in tomllib.loads(_PATH.read_text(encoding="utf-8")).get("set", [])}
