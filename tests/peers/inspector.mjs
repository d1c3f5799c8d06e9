// Drives the Inspector's command line: one process per request, as a person at a shell would.

import { spawn } from "node:child_process";

import { drive, pause } from "./contract.mjs";

const VERSION = "2.12.0";
const CLI = `${process.env.BARTIZAN_PEERS}/node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js`;
const LISTS = {
  tools: "tools/list",
  resources: "resources/list",
  resourceTemplates: "resources/templates/list",
  prompts: "prompts/list",
};

/** The Inspector's words for the target. OAuth would open a browser, so it is told never to start it. */
function target({ url, command, headers, era }) {
  const words = ["--protocol-era", era];
  if (command) return [...words, "--", ...command];
  for (const [name, value] of Object.entries(headers)) words.push("--header", `${name}: ${value}`);
  return [...words, "--stored-auth-only", "--transport", "http", "--server-url", url];
}

/** One run of the command line: its JSON answer or error, its exit status and its time. */
function run(options, words, { stop_after_ms } = {}) {
  const start = performance.now();
  const child = spawn(process.execPath, [CLI, "--cli", "--format", "json", "--quiet", ...words, ...target(options)], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const text = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"]) child[stream].on("data", (chunk) => (text[stream] += chunk));
  const timer = stop_after_ms && setTimeout(() => child.kill("SIGINT"), stop_after_ms);
  return new Promise((resolve) => {
    child.on("close", (status, signal) => {
      clearTimeout(timer);
      const elapsed_ms = Math.round(performance.now() - start);
      resolve({ ...answer(text), exit: status ?? signal, elapsed_ms });
    });
  });
}

function answer({ stdout, stderr }) {
  for (const line of [...stdout.split("\n"), ...stderr.split("\n")]) {
    if (!line.startsWith("{")) continue;
    const { result, error } = JSON.parse(line);
    return error ? { error } : { result };
  }
  return stderr ? { error: { message: stderr.trim() } } : {};
}

async function list(options) {
  const facts = { errors: {} };
  for (const [field, method] of Object.entries(LISTS)) {
    const name = field === "resourceTemplates" ? "templates" : field;
    const end = await run(options, ["--method", method]);
    if (end.error) facts.errors[name] = end.error;
    else facts[name] = end.result[field];
  }
  return facts;
}

function call(options, { tool, arguments: given = {} }, settings) {
  const words = ["--method", "tools/call", "--tool-name", tool, "--tool-args-json", JSON.stringify(given)];
  return run(options, words, settings);
}

async function callMany(options, { calls, pause_ms = 0 }) {
  const ends = [];
  for (const one of calls) {
    ends.push(await call(options, one));
    await pause(pause_ms);
  }
  return { calls: ends };
}

/** The one way a person has to stop the command line is the interrupt key; its start takes a second or two. */
async function cancel(options, args) {
  const end = await call(options, args, { stop_after_ms: args.after_ms ?? 3000 });
  return { ended: end.result ? "answered" : "cancelled", ...end };
}

function prompt(options, { name, arguments: given = {} }) {
  const pairs = Object.entries(given).map(([key, value]) => `${key}=${value}`);
  const words = ["--method", "prompts/get", "--prompt-name", name];
  return run(options, pairs.length > 0 ? [...words, "--prompt-args", ...pairs] : words);
}

const SCENARIOS = {
  list,
  call,
  call_many: callMany,
  cancel,
  read: (options, { uri }) => run(options, ["--method", "resources/read", "--uri", uri]),
  prompt,
};

drive(`inspector ${VERSION}`, async (options, facts) => {
  const scenario = SCENARIOS[options.scenario];
  if (!scenario) {
    facts.skipped = `the Inspector's command line has no \`${options.scenario}\``;
    return;
  }
  const { result, error } = await run(options, ["--method", "initialize"]);
  if (error) {
    facts.not_connected = error;
    return;
  }
  facts.negotiated = result.protocolVersion ?? null;
  facts.server = result.serverInfo ?? null;
  facts.capabilities = result.capabilities;
  facts.instructions = result.instructions ?? null;
  Object.assign(facts, await scenario(options, options.args));
});
