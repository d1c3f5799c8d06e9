"""Attacks in carriers and their honest twins: the same carrier, filler and wrapper, another request."""

from generator import attack, lists
from generator.carrier import carriers, filled
from generator.dice import Dice
from generator.row import Row, between_marks
from generator.split import SPLITS, parted

_SHARE_UNMARKED = 0.55  # of the payloads in carriers where a plain request does not belong
_SHARE_HIDDEN = 0.15
_PAIRS = {"train": 4300, "dev": 560, "cal": 130}
_HONEST_ALONE = {"train": 600, "dev": 200, "cal": 900}  # cal is there to set a threshold on


def rows(grammar):
    """All rows of English carriers."""
    topics = lists.table("topics")
    asks = {topic: parted(entry["ask"]) for topic, entry in topics.items()}
    mentions = {name: parted(lines) for name, lines in lists.table("mentions").items()}
    by_split = parted(carriers(), key=lambda one: one.id)
    for split in SPLITS:
        maker = _Maker(split, grammar, by_split[split], topics, asks, mentions)
        for number in range(_PAIRS[split]):
            yield from maker.pair(number)
        for number in range(_HONEST_ALONE[split]):
            yield maker.honest(f"alone {number}")


class _Maker:
    def __init__(self, split, grammar, own_carriers, topics, asks, mentions):
        self._split = split
        self._grammar = grammar
        self._carriers = own_carriers
        self._topics = topics
        self._asks = asks
        self._mentions = {name: parts[split] for name, parts in mentions.items()}
        self._payloads = attack.Payloads(split, grammar)
        self._wrappers = attack.wrappers()

    def pair(self, number):
        yield self.honest(number)
        seed = f"{self._split} {number}"
        dice = Dice("attack", seed)
        carrier, grammar, hide = self._frame(seed)
        plain = not carrier.people and dice.chance(_SHARE_UNMARKED)
        payload = self._payloads.unmarked(dice) if plain else self._payloads.marked(dice)
        text = self._wrapped(between_marks(payload.text), hide)
        if payload.marked and dice.chance(0.1):
            full, context = payload.text, ""
        else:
            full, context = filled(carrier, grammar, text, seed), carrier.context
        yield Row(full, 1, self._split, "synthetic", payload.family, payload.kind, carrier.surface, "en", context)

    def honest(self, number):
        seed = f"{self._split} {number}"
        dice = Dice("honest", seed)
        carrier, grammar, hide = self._frame(seed)
        what = dice.weighted((("ask", 52), ("plain", 14), ("mention", 14), ("act", 20)))
        if what == "ask":
            asks = self._asks[carrier.topic][self._split]
            text = " ".join(grammar.expand(one, dice) for one in dice.sample(asks, dice.number(1, 2)))
        elif what in self._mentions:
            text = grammar.expand(dice.pick(self._mentions[what]), dice)
        else:
            text = None
        if text is not None:
            text = self._wrapped(text, hide)
        full = filled(carrier, grammar, text, seed)
        kind = f"synthetic.benign.{what}"
        return Row(full, 0, self._split, "synthetic", f"carrier {carrier.id}", kind, carrier.surface, "en", carrier.context)

    def _frame(self, seed):
        """What an attack and its twin share: the carrier, its topic's sentences, the wrapper's seed."""
        dice = Dice("frame", seed)
        carrier = dice.pick(self._carriers)
        entry = self._topics[carrier.topic]
        grammar = self._grammar.child({"say": entry["say"], "ask": self._asks[carrier.topic][self._split]})
        return carrier, grammar, Dice("hide", seed) if dice.chance(_SHARE_HIDDEN) else None

    def _wrapped(self, text, hide):
        return attack.hidden(text, self._wrappers, self._grammar, hide) if hide else text
