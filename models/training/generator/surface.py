"""Attacks on the two surfaces that no carrier has: tool descriptions and arguments.

A poisoned description is an honest one with a sentence too many, so honest ones of the same
grammar (lists/negatives/descriptions.toml) are its twins. The same holds for arguments.
"""

from generator import attack, lists
from generator.dice import Dice
from generator.row import Row, between_marks
from generator.split import SPLITS, parted_lists

_ROWS = {
    "description": {"train": 420, "dev": 70, "cal": 14},
    "argument": {"train": 220, "dev": 40, "cal": 8},
}
_HONEST = {"description": "descriptions", "argument": "arguments"}


def rows(grammar):
    """All poisoned descriptions and arguments."""
    negatives = lists.folder("negatives")
    for surface, counts in _ROWS.items():
        entry = negatives[_HONEST[surface]]
        parts = parted_lists(lists.lists_of(entry))
        for split in SPLITS:
            own = grammar.child({**parts[split], "frame": entry["frame"]})
            payloads = attack.Payloads(split, grammar)
            for number in range(counts[split]):
                yield _row(own, payloads, surface, split, Dice("surface", surface, split, number))


def _row(grammar, payloads, surface, split, dice):
    payload = payloads.on(surface, dice) if dice.chance(0.75) else payloads.marked(dice)
    honest = grammar.expand("<<frame>>", dice)
    marked = between_marks(payload.text)
    joint = dice.pick((" ", " ", "\n", "\n\n"))
    place = dice.weighted((("after", 5), ("before", 2), ("inside", 2), ("alone", 2)))
    text = {
        "after": honest + joint + marked,
        "before": marked + joint + honest,
        "inside": _inside(honest, marked),
        "alone": marked,
    }[place]
    return Row(text, 1, split, "synthetic", payload.family, payload.kind, surface)


def _inside(honest, text):
    """After the first sentence; JSON keeps its quotes in order that way, too."""
    head, stop, tail = honest.partition(". ")
    return f"{head}. {text} {tail}" if stop else f"{honest} {text}"
