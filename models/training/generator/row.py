"""A row of the data set, and the file that rows make."""

import collections
import dataclasses
import gzip
import hashlib
import json
import os

from generator.dice import digest

SURFACES = ("result", "error", "resource", "description", "argument")
LONGEST_CHARS = 4000
_START, _END = "\ue000", "\ue001"  # around a payload until the text is done; in no text that we make or read


def between_marks(text):
    """A payload with marks around it, from which the row learns where in its text it stands."""
    return _START + text + _END


@dataclasses.dataclass
class Row:
    """One text with its label and all that is known of where it came from."""

    text: str
    label: int
    split: str
    source: str
    family: str
    kind: str
    surface: str = "result"
    language: str = "en"
    context: str = ""
    span: list | None = None  # of an attack: from which to which character of the text

    def __post_init__(self):
        assert self.surface in SURFACES, self.surface
        text = self.text.replace("\r\n", "\n").replace("\x00", "")
        text = text.replace("\\ue000", _START).replace("\\ue001", _END)  # as Python's repr writes them
        start, end = text.find(_START), text.find(_END) - 1
        text = text.replace(_START, "").replace(_END, "")
        self.text = text.strip()
        if self.label:
            lost = len(text) - len(text.lstrip())
            last = len(self.text)
            marked = 0 <= start < end
            self.span = [max(0, start - lost), min(last, end - lost)] if marked else [0, last]


def unique(rows):
    """Each text once. Dropped are texts that came with both labels, which teach nothing, and texts
    over the limit: cut, an attack could lose the very part that makes it one."""
    labels = collections.defaultdict(set)
    for row in rows:
        labels[_key(row.text)].add(row.label)
    seen = set()
    for row in rows:
        key = _key(row.text)
        if key not in seen and len(labels[key]) == 1 and 0 < len(row.text) <= LONGEST_CHARS:
            seen.add(key)
            yield row


def _key(text):
    return digest(" ".join(text.lower().split()))


def check_families(rows):
    """A family in two splits would let dev measure what training has seen."""
    splits = collections.defaultdict(set)
    for row in rows:
        splits[row.source, row.family].add(row.split)
    crossing = sorted(key for key, found in splits.items() if len(found) > 1)
    if crossing:
        raise ValueError(f"{len(crossing)} families cross splits, such as {crossing[:5]}")


def write(rows, folder):
    """Writes the rows sorted, without a time stamp; returns the digests of both forms."""
    lines = [json.dumps(dataclasses.asdict(row), ensure_ascii=False, sort_keys=True) for row in rows]
    lines.sort(key=digest)
    plain = ("\n".join(lines) + "\n").encode("utf-8", "surrogatepass")
    path = os.path.join(folder, "data.jsonl.gz")
    with open(path + ".new", "wb") as raw:
        with gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=0, compresslevel=9) as packed:
            packed.write(plain)
    os.replace(path + ".new", path)
    with open(path, "rb") as packed:
        return {
            "jsonl_sha256": hashlib.sha256(plain).hexdigest(),
            "gzip_sha256": hashlib.sha256(packed.read()).hexdigest(),
        }


def counts(rows):
    """How many rows there are by each property, and by all that matter together."""
    out = {}
    for name in ("split", "label", "source", "kind", "language", "surface"):
        table = collections.Counter(f"{getattr(row, name)} label={row.label}" for row in rows)
        out[name] = dict(sorted(table.items()))
    table = collections.Counter(
        f"{row.split} | {row.source} | {row.kind} | {row.language} | {row.label}" for row in rows
    )
    out["split | source | kind | language | label"] = dict(sorted(table.items()))
    return out
