"""The client whose conformance the suite judges: a gateway with the suite's server as its only upstream.

The suite runs `client.py URL`. This starts the gateway in plain mode, logs it in where the scenario is about OAuth,
and makes the scripted calls through it with the TypeScript SDK. What reaches the suite's server is the gateway's.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "peers"))
from gateway import PEERS, Gateway, program  # noqa: E402

SCENARIO = os.environ["MCP_CONFORMANCE_SCENARIO"]
REVISION = os.environ.get("MCP_CONFORMANCE_PROTOCOL_VERSION", "2026-07-28")
CONTEXT = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT", "{}"))
RELEASE = "BARTIZAN_CONFORMANCE_RELEASE" in os.environ
# The address that the suite expects as the id of a client with a metadata document.
METADATA_DOCUMENT = "https://conformance-test.local/client-metadata.json"

# Where the server changes its mind and a person logs in once more, while the gateway runs.
NEEDS_A_SECOND_LOGIN = {"auth/authorization-server-migration", "auth/scope-step-up"}
SAID = []

CONFIG = """
naming = "plain"
profile = "transparent"
data_dir = "data"
[listen]
address = "127.0.0.1:0"
[upstreams.suite]
url = "{url}"
"""


def drive(url, scenario, **arguments):
    """One scenario of the TypeScript client; its facts."""
    era = "legacy" if REVISION < "2026" else "modern"
    words = [HERE.parent / "peers/drive", "ts_v2", "--url", url, "--era", era, scenario]
    ran = subprocess.run([*words, "--args", json.dumps(arguments)], capture_output=True, text=True, timeout=60)
    print(ran.stdout, ran.stderr)
    SAID.append(ran.stdout)
    return json.loads(ran.stdout)


def values(schema):
    """Arguments that a tool of the suite takes: its required properties, filled by their types."""
    samples = {"string": "abc", "number": 5, "integer": 5, "boolean": True, "object": {}, "array": [], "null": None}
    properties = schema.get("properties", {})
    return {name: samples[properties.get(name, {}).get("type", "string")] for name in schema.get("required", [])}


def calls_for(tools):
    """What to call: every tool, and what the scenario prescribes beyond that."""
    named = {tool["name"]: tool for tool in tools}
    if "toolCalls" in CONTEXT:
        # A null where the schema wants a boolean never passes the gateway: it is left out, as a client may.
        given = [(call["name"], call["arguments"]) for call in CONTEXT["toolCalls"]]
        return [(name, {key: value for key, value in each.items() if value is not None}) for name, each in given]
    if SCENARIO == "json-schema-2020-12-preservation":
        return [("json_schema_echo", {"schema": named["json_schema_2020_12_tool"]["inputSchema"]})]
    calls = [(name, values(tool["inputSchema"])) for name, tool in named.items()]
    if SCENARIO == "http-invalid-tool-headers":
        # Not listed, yet asked for: the gateway must not let them through.
        calls += [("invalid_empty_header", {"value": "x"}), ("invalid_number_header", {"score": 1})]
    return calls


def script(url):
    """Lists everything, calls every tool, reads every resource and gets every prompt."""
    offer = ["elicitation", "sampling", "roots"]
    listed = drive(url, "list", offer=offer)
    calls = [{"tool": name, "arguments": given, "timeout_ms": 20_000} for name, given in calls_for(listed.get("tools", []))]
    if calls:
        content = "defaults" if SCENARIO.startswith("elicitation-sep1034") else {"confirmed": True}
        drive(url, "call_many", calls=calls, offer=offer, content=content, list_first=True)
    for resource in listed.get("resources", []):
        drive(url, "read", uri=resource["uri"])
    for prompt in listed.get("prompts", []):
        drive(url, "prompt", name=prompt["name"])
    return not {"not_connected", "failed", "skipped"} & listed.keys()


def oauth_table():
    """The gateway's settings for an OAuth scenario: what a person would have configured."""
    lines = ['auth = "oauth"', "[upstreams.suite.oauth]", "login_timeout_seconds = 15"]
    if "client_id" in CONTEXT:
        lines.append(f"client_id = {json.dumps(CONTEXT['client_id'])}")
        if "client_secret" in CONTEXT:
            lines.append('client_secret = { env = "SUITE_SECRET" }')
    elif SCENARIO == "auth/basic-cimd":
        lines.append(f'client_metadata_url = "{METADATA_DOCUMENT}"')
    return "\n".join(lines) + "\n"


def visit(url):
    """The person in the browser: follows the redirects and consents to everything."""
    try:
        urllib.request.urlopen(url, timeout=20).read()
    except OSError as error:
        print("the browser got", error)


def wanted_scopes():
    """What the refusals of the gateway told the person to type."""
    return [word for scope in re.findall(r"--scope ([\w.:/-]+)", "".join(SAID)) for word in ("--scope", scope)]


def login(folder, config, more=()):
    """`bartizan upstreams login`, with a browser that agrees."""
    (folder / "bartizan.toml").write_text(config)
    words = [program("bartizan", RELEASE), "upstreams", "--config", folder / "bartizan.toml", "login", "suite", *more]
    process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in process.stdout:
        print("login:", line.rstrip())
        if line.strip().startswith("http"):
            threading.Thread(target=visit, args=[line.strip()]).start()
    return process.wait() == 0


def through_gateway(url):
    os.environ.update(SUITE_SECRET=CONTEXT.get("client_secret", ""), PATH="/usr/bin:/bin")
    with tempfile.TemporaryDirectory() as folder:
        folder, config = Path(folder), CONFIG.format(url=url)
        if SCENARIO.startswith("auth/"):
            config += oauth_table()
            if not login(folder, config):
                return False
        with Gateway(folder, config, RELEASE) as gateway:
            print(json.dumps(gateway.ready()))
            done = script(gateway.url())
            if SCENARIO in NEEDS_A_SECOND_LOGIN:
                done = login(folder, config, wanted_scopes()) and script(gateway.url())
        print(gateway.log.read_text())
    return done


if __name__ == "__main__":
    os.environ["BARTIZAN_PEERS"] = str(PEERS)
    sys.exit(0 if through_gateway(sys.argv[-1]) else 1)
