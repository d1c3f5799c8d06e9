"""Carriers: what a text that a tool gives back looks like around the place that others can write.

The same carrier with the same seed and another insertion gives the same text but for that place.
That is what lets an attack and its honest twin differ in nothing else.
"""

import dataclasses

from generator import lists, serialise
from generator.dice import Dice

_PLACE = "\x01"


@dataclasses.dataclass(frozen=True)
class Carrier:
    """One entry of carriers.toml."""

    id: str
    topic: str
    people: bool
    surface: str
    context: str
    escape: str
    raw: bool
    fields: tuple
    text: str
    lists: tuple


def carriers():
    """All carriers, records first."""
    data = lists.table("carriers")
    return [_carrier(entry) for entry in data["record"] + data["text"]]


def _carrier(entry):
    return Carrier(
        id=entry["id"], topic=entry["topic"], people=entry.get("people", False),
        surface=entry.get("surface", "result"), context=entry.get("context", ""),
        escape=entry.get("escape", "text"), raw=entry.get("raw", False),
        fields=tuple(entry.get("fields", {}).items()), text=entry.get("text", ""),
        lists=tuple(entry.get("lists", {}).items()),
    )


def filled(carrier, grammar, insertion, seed):
    """The carrier's text with `insertion` (a text, or None) among honest sentences."""
    dice = Dice("carrier", carrier.id, seed)
    own = grammar.child({**dict(carrier.lists), "X": [_PLACE]})
    body = _body(own, insertion, dice, carrier)
    if carrier.fields:
        return _record(carrier, own, body, dice)
    frame = own.expand(carrier.text, dice)
    if carrier.raw:
        return frame.replace(_PLACE, body)
    return frame.replace(_PLACE, serialise.escaped(body, carrier.escape))


def _body(grammar, insertion, dice, carrier):
    """Honest sentences with the insertion at the start, in the middle, at the end or alone."""
    longest = 24 if dice.chance(0.06) else 4
    count = dice.number(0, longest)
    sentences = [grammar.expand("<<say>>", dice) for _ in range(count)]
    place = dice.number(0, count)
    joint = dice.pick((" ", " ", " ", "\n", "\n\n"))
    if insertion is None:
        sentences = sentences or [grammar.expand("<<say>>", dice)]
    else:
        sentences.insert(place, insertion)
    return joint.join(sentences)


def _record(carrier, grammar, body, dice):
    form = dice.weighted(serialise.FORMS)
    many = form in ("json_list", "wrapped", "yaml", "xml", "csv", "table", "lines", "python")
    count = dice.number(1, 4) if many else 1
    hit = dice.number(0, count - 1)
    records = []
    for number in range(count):
        text = body if number == hit else grammar.expand("<<say>>", dice)
        records.append({
            key: grammar.expand(value, dice).replace(_PLACE, text) for key, value in carrier.fields
        })
    name = carrier.id.partition(".")[2].rstrip("s") + "s"
    return serialise.written(form, name, records)
