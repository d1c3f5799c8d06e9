"""Attacks and honest requests in other languages, in the same carriers and in the same pairs."""

from generator import evasion, lists
from generator.carrier import carriers, filled
from generator.dice import Dice
from generator.row import Row, between_marks
from generator.split import SPLITS, parted, parted_lists

_PAIRS = {"train": 120, "dev": 22, "cal": 6}
_HONEST_ALONE = {"train": 45, "dev": 10, "cal": 26}


def rows(grammar):
    """All rows of all files of lists/languages."""
    by_split = parted(carriers(), key=lambda one: one.id)
    for code, entry in lists.folder("languages").items():
        parts = parted_lists({**entry, "say": []})
        for split in SPLITS:
            own = grammar.child({**parts[split], "say": entry["say"]})
            for number in range(_PAIRS[split] + _HONEST_ALONE[split]):
                seed = f"{code} {split} {number}"
                dice = Dice("language", seed)
                carrier = dice.pick(by_split[split])
                yield _honest(own, carrier, code, split, seed, dice)
                if number < _PAIRS[split]:
                    yield _attack(own, carrier, code, split, seed, dice)


def _honest(grammar, carrier, code, split, seed, dice):
    text = grammar.expand("<<ask>>", dice) if dice.chance(0.75) else None
    full = filled(carrier, grammar, text, seed)
    if text and dice.chance(0.12):
        full = text
    kind = "synthetic.benign.ask" if text else "synthetic.benign.plain"
    return Row(full, 0, split, "synthetic", f"carrier {carrier.id}", kind, carrier.surface, code, carrier.context)


def _attack(grammar, carrier, code, split, seed, dice):
    plain = not carrier.people and dice.chance(0.5)
    name = "plain" if plain else "marked"
    template = dice.pick(grammar.lists[name])
    text = grammar.expand(template, dice)
    if dice.chance(0.04):
        text = evasion.applied(dice.pick(("upper", "zero_width", "base64", "broken_lines")), text, dice)
    bare = not plain and dice.chance(0.12)
    full = text if bare else filled(carrier, grammar, between_marks(text), seed)
    context = "" if bare else carrier.context
    kind = f"synthetic.attack.{name}"
    return Row(full, 1, split, "synthetic", f"{code} {name}: {template}", kind, carrier.surface, code, context)
