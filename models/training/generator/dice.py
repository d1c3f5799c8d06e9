"""A reproducible source of chance.

Python promises that `random()` gives the same numbers for a seed in every release, but not that
`choice` or `sample` do. Everything here is therefore built on `random()` alone, and every seed is
a text, so that adding a row in one place moves no row elsewhere.
"""

import hashlib
import random


def digest(text):
    """SHA-256 of a text, as hex: the one hash used for seeds, splits and order."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


class Dice:
    """Chance drawn from a text seed."""

    def __init__(self, *seed):
        self._random = random.Random(int(digest("\x1f".join(map(str, seed)))[:16], 16)).random

    def number(self, low, high):
        """A whole number from `low` to `high`, both included."""
        return low + int(self._random() * (high - low + 1))

    def pick(self, items):
        """One of `items`."""
        return items[int(self._random() * len(items))]

    def chance(self, share):
        """True in `share` of the cases."""
        return self._random() < share

    def weighted(self, pairs):
        """One of the names in `(name, weight)` pairs."""
        point = self._random() * sum(weight for _, weight in pairs)
        for name, weight in pairs:
            point -= weight
            if point < 0:
                return name
        return pairs[-1][0]

    def shuffled(self, items):
        """A new list in another order."""
        out = list(items)
        for last in range(len(out) - 1, 0, -1):
            other = self.number(0, last)
            out[last], out[other] = out[other], out[last]
        return out

    def sample(self, items, count):
        """`count` of the items, or all where there are fewer."""
        return self.shuffled(items)[:count]
