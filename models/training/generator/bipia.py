"""BIPIA's training split: its attacks put into its own contexts, and the contexts alone.

Questions without a request ("How do solar panels work?") are left out: in data they are no order.
The test split is a benchmark and is never read.
"""

import json

from generator.dice import Dice, digest
from generator.row import Row, between_marks
from generator.split import of_group, parted

_KINDS = ("email", "table", "code")
_MOST = {"email": 50, "table": 260, "code": 50}


def rows(read):
    """`read` gives the text of a file of the folder, or None."""
    text_attacks = _attacks(read("text_attack_train.json"), of_text=True)
    code_attacks = _attacks(read("code_attack_train.json"), of_text=False)
    for kind in _KINDS:
        contexts = sorted({_context(kind, json.loads(line)) for line in (read(f"{kind}_train.jsonl") or "").splitlines()})
        contexts = sorted(contexts, key=digest)[: _MOST[kind]]
        for context in contexts:
            family = f"{kind} {digest(context)[:10]}"
            split = of_group("bipia" + family)
            yield Row(context, 0, split, "bipia", family, f"bipia.{kind}")
            dice = Dice("bipia", context)
            pool = (code_attacks if kind == "code" else text_attacks)[split]
            for _ in range(1 if kind == "table" else 2):
                full = _inserted(context, between_marks(dice.pick(pool)), dice) if pool else None
                if full:
                    yield Row(full, 1, split, "bipia", family, f"bipia.{kind}-attack")


def _attacks(text, of_text):
    """`{split: [attack]}`, by category, without the plain questions."""
    out = {"train": [], "dev": [], "cal": []}
    categories = json.loads(text or "{}")
    for split, names in parted(sorted(categories)).items():
        for name in names:
            out[split] += [one for one in categories[name] if not (of_text and one.endswith("?"))]
    return out


def _context(kind, record):
    if kind == "code":
        return "\n".join(["Code:", *record["code"], "", "Error:", *record["error"], "", *record["context"]])
    return record["context"].replace("|", "\n") if kind == "email" else record["context"]


def _inserted(context, attack, dice):
    place = dice.pick(("start", "middle", "end"))
    if place == "start":
        return f"{attack}\n{context}"
    if place == "end":
        return f"{context}\n{attack}"
    lines = context.split("\n")
    at = dice.number(1, max(1, len(lines) - 1))
    return "\n".join(lines[:at] + [attack] + lines[at:])
