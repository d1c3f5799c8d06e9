"""A record written in the forms in which tools give records back.

The same record as JSON, Python, YAML, XML, CSV or a table is what keeps the classifier from
learning that an instruction looks like JSON.
"""

import csv
import html
import io
import json

FORMS = (
    ("json", 5), ("json_indent", 4), ("python", 2), ("yaml", 3), ("xml", 2),
    ("csv", 2), ("table", 2), ("lines", 3), ("json_list", 4), ("wrapped", 3),
)


def written(form, name, records):
    """The text of `records` (a list of dicts of strings) in `form`."""
    return _WRITERS[form](name, [{key: _typed(value) for key, value in one.items()} for one in records])


def _typed(value):
    if value.isdigit() and len(value) < 12 and (value == "0" or value[0] != "0"):
        return int(value)
    return {"true": True, "false": False, "null": None}.get(value, value)


def _json(_, records):
    return json.dumps(records[0], ensure_ascii=False)


def _json_indent(_, records):
    return json.dumps(records[0], ensure_ascii=False, indent=2)


def _json_list(name, records):
    return json.dumps({name: records, "total": len(records)}, ensure_ascii=False, indent=1)


def _wrapped(name, records):
    return json.dumps({"ok": True, "data": {name: records}, "error": None}, ensure_ascii=False)


def _python(_, records):
    return repr(records if len(records) > 1 else records[0])


def _yaml(name, records):
    lines = [f"{name}:"]
    for one in records:
        lead = "- "
        for key, value in one.items():
            lines.append(f"  {lead}{key}: {_yaml_value(value)}")
            lead = "  "
    return "\n".join(lines)


def _yaml_value(value):
    if isinstance(value, str) and "\n" in value:
        return "|\n" + "\n".join("      " + line for line in value.split("\n"))
    bare = value.lstrip("\ue000") if isinstance(value, str) else value
    if isinstance(value, str) and (not bare or bare[0] in "!&*[]{}#|>@`\"'%-?:," or ": " in value):
        return json.dumps(value, ensure_ascii=False)
    return str(value) if value is not None else "~"


def _xml(name, records):
    name = name.replace("_", "-")
    lines = ['<?xml version="1.0"?>', f"<{name}>"]
    for one in records:
        lines.append("  <item>")
        lines += [f"    <{key}>{html.escape(str(value), quote=False)}</{key}>" for key, value in one.items()]
        lines.append("  </item>")
    return "\n".join([*lines, f"</{name}>"])


def _csv(_, records):
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(records[0])
    writer.writerows(one.values() for one in records)
    return out.getvalue()


def _table(_, records):
    keys = list(records[0])
    lines = ["| " + " | ".join(keys) + " |", "|" + " --- |" * len(keys)]
    for one in records:
        lines.append("| " + " | ".join(str(v).replace("\n", "<br>") for v in one.values()) + " |")
    return "\n".join(lines)


def _lines(_, records):
    blocks = []
    for one in records:
        blocks.append("\n".join(f"{key.replace('_', ' ').title()}: {value}" for key, value in one.items()))
    return "\n\n".join(blocks)


_WRITERS = {
    "json": _json, "json_indent": _json_indent, "json_list": _json_list, "wrapped": _wrapped,
    "python": _python, "yaml": _yaml, "xml": _xml, "csv": _csv, "table": _table, "lines": _lines,
}


def escaped(text, how):
    """A text as it stands inside a text carrier of another format."""
    if how == "json":
        return json.dumps(text, ensure_ascii=False)[1:-1]
    if how == "html":
        return html.escape(text, quote=False)
    if how == "csv":
        return text.replace('"', '""')
    if how.startswith("lead"):  # every further line begins with what follows the colon
        return text.replace("\n", "\n" + how.partition(":")[2])
    if how == "line":
        return " ".join(text.split())
    return text
