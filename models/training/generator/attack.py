"""Payloads: a template that holds a goal, sometimes hidden in a wrapper or written to evade.

Close to half of all payloads are plain requests without a marker. They are what every detector
misses, and only their place tells them from honest text, so they never go where people write to
people.
"""

import dataclasses

from generator import evasion, lists
from generator.split import SPLITS, parted


@dataclasses.dataclass(frozen=True)
class Template:
    """One line of a family in attacks.toml."""

    family: str
    text: str
    marked: bool
    surface: str


@dataclasses.dataclass(frozen=True)
class Payload:
    """A text that gives orders, and what it was made of."""

    text: str
    family: str
    kind: str
    marked: bool


class Payloads:
    """Makes payloads for one split out of the templates and goals that belong to it."""

    def __init__(self, split, grammar):
        self._templates = templates()[split]
        self._goals = goals()[split]
        self._grammar = grammar.child({"goal": self._goals})

    def unmarked(self, dice):
        return self._made(dice, lambda t: not t.marked and t.surface == "result")

    def marked(self, dice):
        return self._made(dice, lambda t: t.marked and t.surface == "result")

    def on(self, surface, dice):
        return self._made(dice, lambda t: t.surface == surface)

    def _made(self, dice, fits):
        fitting = [one for one in self._templates if fits(one)]
        family = dice.pick(sorted({one.family for one in fitting}))
        template = dice.pick([one for one in fitting if one.family == family])
        text = self._grammar.expand(template.text, dice)
        kind = family
        if dice.chance(0.06):
            way = dice.weighted(evasion.WAYS)
            text = evasion.applied(way, text, dice)
            kind = "evasion." + way
        return Payload(text, f"{template.family}: {template.text}", f"synthetic.attack.{kind}", template.marked)


def hidden(text, wrappers, grammar, dice):
    """A text inside a comment, an attribute or another place that people overlook."""
    place = "\x02"
    return grammar.child({"P": [place]}).expand(dice.pick(wrappers), dice).replace(place, text)


def wrappers():
    """The wrappers. They are shared by all splits and by honest text, so they give nothing away."""
    return lists.table("attacks")["hiding"]["templates"]


def templates():
    """`{split: [Template]}`, parted within each family so that none is missing anywhere."""
    out = {split: [] for split in SPLITS}
    for family, entry in lists.table("attacks").items():
        if family == "hiding":
            continue
        for split, texts in parted(entry["templates"]).items():
            out[split] += [
                Template(family, text, entry["marked"], entry.get("surface", "result")) for text in texts
            ]
    return out


def goals():
    """`{split: [goal]}`, parted within each domain."""
    out = {split: [] for split in SPLITS}
    for texts in lists.table("goals").values():
        for split, share in parted(texts).items():
            out[split] += share
    return out
