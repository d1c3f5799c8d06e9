// The command line that every driver shares, and the one JSON object that it prints: facts seen, never
// a judgement. README.md describes both. A driver hands over what it can do; this file knows no SDK.

import { parseArgs } from "node:util";

// How long a scenario may take before the driver gives up on the peer, in milliseconds.
const GIVE_UP_AFTER = 600_000;
const ERAS = ["auto", "modern", "legacy"];
const OFFERED_BY = { elicit: ["elicitation"], sample: ["sampling"], roots: ["roots"] };
const DEFAULT_TOOL = {
  elicit: "trigger-elicitation-request",
  sample: "trigger-sampling-request",
  roots: "get-roots-list",
};

/** Where the peers are installed; `setup` wrote a loader there so that bare names resolve. */
export async function load(name) {
  const { load: from } = await import(`file://${process.env.BARTIZAN_PEERS}/load.mjs`);
  return from(name);
}

/** `Name: value` lines as one object. */
export function headersOf(lines) {
  return Object.fromEntries(lines.map((line) => line.split(/: (.*)/s).slice(0, 2)));
}

/** Options of one run: target, era, headers, scenario and its arguments. */
export function commandLine() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: "string" },
      command: { type: "string" },
      era: { type: "string", default: "auto" },
      header: { type: "string", multiple: true, default: [] },
      args: { type: "string", default: "{}" },
    },
  });
  const scenario = positionals[0];
  if (positionals.length !== 1 || !values.url === !values.command || !ERAS.includes(values.era)) {
    console.error("usage: DRIVER --url URL|--command JSON [--era E] [--header H]... SCENARIO [--args JSON]");
    process.exit(2);
  }
  const args = JSON.parse(values.args);
  args.tool ??= DEFAULT_TOOL[scenario];
  return {
    url: values.url,
    command: values.command && JSON.parse(values.command),
    era: values.era,
    headers: headersOf(values.header),
    scenario,
    args,
    offers: args.offer ?? OFFERED_BY[scenario] ?? [],
  };
}

/** An error as facts: its class, and code, message and data where the peer sent them. */
export function failure(error) {
  const facts = { kind: error?.name ?? typeof error, message: String(error?.message ?? error) };
  if (error?.constructor?.name && error.constructor.name !== facts.kind) facts.class = error.constructor.name;
  if (error?.code !== undefined) facts.code = error.code;
  if (error?.data !== undefined) facts.data = error.data;
  if (error?.cause !== undefined) facts.cause = failure(error.cause);
  return facts;
}

/** How one request ended, and after how many milliseconds. */
export async function outcome(request) {
  const start = performance.now();
  const elapsed = () => Math.round(performance.now() - start);
  try {
    return { result: await request(), elapsed_ms: elapsed() };
  } catch (error) {
    return { error: failure(error), elapsed_ms: elapsed() };
  }
}

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Prints the facts and leaves: a peer that keeps a socket or a child open must not keep the driver. */
export function report(facts) {
  process.stdout.write(`${JSON.stringify(facts)}\n`, () => process.exit(0));
}

/** Runs one scenario and reports; `run(options, facts)` fills in the facts as it learns them. */
export async function drive(client, run) {
  const options = commandLine();
  const facts = { client, era: options.era, scenario: options.scenario };
  const late = setTimeout(() => report({ ...facts, failed: { kind: "GaveUp", message: "too slow" } }), GIVE_UP_AFTER);
  try {
    await run(options, facts);
  } catch (error) {
    facts["negotiated" in facts ? "failed" : "not_connected"] = failure(error);
  }
  clearTimeout(late);
  report(facts);
}
