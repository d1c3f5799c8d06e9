"""Expands `<<name>>` marks, so that a list of a hundred lines gives thousands of texts.

A mark names a list (one of its lines takes the place, and is expanded in turn), or one of the
built-in makers below: `<<int:3-9>>`, `<<pick:a|b|>>`, `<<rows:3-6:list>>` and so on. A name with a
capital first letter gives the same with a capital first letter.
"""

import base64
import re

_MARK = re.compile(r"<<([^<>]*)>>")
_SPAN = re.compile(r"(-?\d+)(?:-(-?\d+))?")
_LIMIT = 2000  # expansions for one text: a list that names itself is a mistake, not a loop


class Grammar:
    """Named lists of lines. `child` adds lists of its own without touching the parent's."""

    def __init__(self, lists):
        self.lists = lists

    def child(self, lists):
        return Grammar({**self.lists, **lists})

    def expand(self, text, dice):
        """The text with every mark replaced, innermost first."""
        for _ in range(_LIMIT):
            found = _MARK.search(text)
            if not found:
                return text
            text = text[: found.start()] + self._value(found[1], dice) + text[found.end() :]
        raise ValueError(f"list expands without an end: {text[:200]}")

    def _value(self, mark, dice):
        name, _, argument = mark.partition(":")
        if name in self.lists:
            return dice.pick(self.lists[name])
        lower = name[:1].lower() + name[1:]
        if name != lower and lower in self.lists:
            value = self.expand(dice.pick(self.lists[lower]), dice)
            return value[:1].upper() + value[1:]
        if name in ("rows", "items", "words"):
            return self._repeated(name, argument, dice)
        maker = _MAKERS.get(name)
        if maker is None:
            raise KeyError(f"no list or maker named {name!r}")
        return maker(dice, argument)

    def _repeated(self, name, argument, dice):
        span, _, listed = argument.partition(":")
        joint = {"rows": "\n", "items": ",\n", "words": " "}[name]
        count = dice.number(*_span(span))
        return joint.join(self.expand(f"<<{listed}>>", dice) for _ in range(count))


def _span(text):
    low, high = _SPAN.fullmatch(text).groups()
    return int(low), int(high or low)


def _hex(dice, argument):
    return "".join(dice.pick("0123456789abcdef") for _ in range(int(argument or 8)))


def _code(dice, argument):
    return "".join(dice.pick("ABCDEFGHJKLMNPQRSTUVWXYZ23456789") for _ in range(int(argument or 6)))


def _date(dice, _):
    return f"20{dice.number(21, 27)}-{dice.number(1, 12):02}-{dice.number(1, 28):02}"


def _time(dice, _):
    return f"{dice.number(0, 23):02}:{dice.number(0, 59):02}"


def _iso(dice, _):
    return f"{_date(dice, '')}T{_time(dice, '')}:{dice.number(0, 59):02}Z"


def _uuid(dice, _):
    return "-".join(_hex(dice, n) for n in (8, 4, 4, 4, 12))


def _money(dice, _):
    return f"{dice.number(1, 4800)}.{dice.number(0, 99):02}"


def _version(dice, _):
    return f"{dice.number(0, 12)}.{dice.number(0, 30)}.{dice.number(0, 9)}"


def _ip(dice, _):
    return f"10.{dice.number(0, 255)}.{dice.number(0, 255)}.{dice.number(1, 254)}"


def _b64(dice, argument):
    raw = bytes(dice.number(0, 255) for _ in range(_sized(dice, argument)))
    return base64.b64encode(raw).decode()


def _sized(dice, argument):
    return dice.number(*_span(argument or "24"))


_MAKERS = {
    "int": lambda dice, argument: str(dice.number(*_span(argument or "1-999"))),
    "pick": lambda dice, argument: dice.pick(argument.split("|")),
    "hex": _hex,
    "code": _code,
    "date": _date,
    "time": _time,
    "iso": _iso,
    "uuid": _uuid,
    "money": _money,
    "version": _version,
    "ip": _ip,
    "b64": _b64,
}
