"""docs/corpus.md: what the corpus is made of, under which licences, and what the rules said to it."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs/corpus.md"
MARK = "<!-- written by `tests/corpus/run --page` from here -->"


@dataclass
class Facts:
    counts: dict
    licences: dict
    passes: dict
    labelled: Counter
    alerts: list


def per_kind(facts):
    """Rows of the table of sources; the last is their sum."""
    alerted = {(alert.surface, alert.piece.kind, alert.piece.digest) for alert in facts.alerts}
    alerted = Counter((surface, kind) for surface, kind, _ in alerted)
    rows, bodies = [], Counter(piece.kind for piece in facts.passes["tool_arguments"])
    for kind, count in sorted(facts.counts.items()):
        results, arguments = ("tool_result", kind), ("tool_arguments", kind)
        rows.append(
            (kind, count["texts"], count["bytes"] // 1024, facts.labelled[results], alerted[results])
            + (bodies[kind], facts.labelled[arguments], alerted[arguments])
        )
    return [*rows, ("all", *(sum(column) for column in list(zip(*rows))[1:]))]


def table(facts):
    print(f"{'source':<22}{'texts':>7}{'KiB':>8}{'found':>7}{'alerts':>8}{'  sent':>8}{'found':>7}{'alerts':>8}")
    for row in per_kind(facts):
        print(f"{row[0]:<22}{row[1]:>7}{row[2]:>8}{row[3]:>7}{row[4]:>8}{row[5]:>8}{row[6]:>7}{row[7]:>8}")


def by_licence(licences):
    """{(licence, registry): its packages}."""
    found = defaultdict(list)
    for registry, packages in licences.items():
        for name, licence in packages.items():
            found[licence.replace("/", " OR ") if "/" in licence and " " not in licence else licence, registry].append(name)
    return found


def missing_licences(licences):
    stated = PAGE.read_text() if PAGE.exists() else ""
    unlisted = sorted({licence for licence, _ in by_licence(licences) if f"| {licence} |" not in stated})
    if unlisted:
        yield f"docs/corpus.md does not list {', '.join(unlisted)}: run tests/corpus/run --page"


def write(facts):
    head = PAGE.read_text().split(MARK)[0].rstrip()
    lines = [MARK, "", "## Texts", ""]
    lines += ["| source | texts | KiB | with a finding | alerts | sent as arguments | with a finding | alerts |"]
    lines += ["|---|---:|---:|---:|---:|---:|---:|---:|"]
    lines += [f"| {' | '.join(map(str, row))} |" for row in per_kind(facts)]
    rules = Counter(rule for _, rule in {alert.key for alert in facts.alerts})
    lines += ["", "## Known alerts by rule", "", "| rule | texts |", "|---|---:|"]
    lines += [f"| `{rule}` | {count} |" for rule, count in sorted(rules.items())] or ["| none | 0 |"]
    lines += ["", "## Licences", "", "| licence | registry | packages |", "|---|---|---|"]
    for (licence, registry), names in sorted(by_licence(facts.licences).items()):
        lines.append(f"| {licence} | {registry} | {', '.join(sorted(names))} |")
    PAGE.write_text(f"{head}\n\n" + "\n".join(lines) + "\n")
