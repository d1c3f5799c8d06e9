// The scenarios for the two TypeScript SDKs. Both name their methods alike; where they differ, the
// driver's adapter bridges: `call`, `answer` (a request of the server's) and `hear` (a notification).

import { outcome, pause } from "./contract.mjs";

const NOTICES = [
  "notifications/tools/list_changed",
  "notifications/prompts/list_changed",
  "notifications/resources/list_changed",
  "notifications/resources/updated",
  "notifications/message",
];

/** The capabilities that a client declares for what it offers. */
export function capabilities(offers) {
  const declared = { elicitation: { form: {}, url: {} }, sampling: {}, roots: {} };
  return Object.fromEntries(offers.map((offer) => [offer, declared[offer]]));
}

/** Registers the answers that a host gives; returns what was asked and what was announced. */
export function host(adapter, { args, offers }) {
  const seen = { asked: [], notifications: [] };
  const answers = {
    elicitation: ["elicitation/create", (params) => elicited(args, params)],
    sampling: ["sampling/createMessage", () => sampled(args)],
    roots: ["roots/list", () => ({ roots: args.roots ?? [] })],
  };
  for (const offer of offers) {
    const [method, answer] = answers[offer];
    adapter.answer(method, (request) => {
      seen.asked.push({ method, params: request.params });
      return answer(request.params);
    });
  }
  for (const method of NOTICES) {
    adapter.hear(method, ({ params }) => void seen.notifications.push({ method, params }));
  }
  return seen;
}

function elicited({ action = "accept", content }, { requestedSchema }) {
  if (content === "defaults") {
    const properties = Object.entries(requestedSchema?.properties ?? {});
    content = Object.fromEntries(properties.map(([name, each]) => [name, each.default]));
  }
  return action === "accept" ? { action, content } : { action };
}

function sampled({ text = "sampled text" }) {
  return { role: "assistant", model: "test-model", content: { type: "text", text } };
}

async function everyPage(fetch, field) {
  const items = [];
  let cursor;
  do {
    const page = await fetch(cursor === undefined ? {} : { cursor });
    items.push(...page[field]);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return items;
}

async function list({ client }) {
  const facts = { errors: {} };
  const lists = {
    tools: ["listTools", "tools"],
    resources: ["listResources", "resources"],
    templates: ["listResourceTemplates", "resourceTemplates"],
    prompts: ["listPrompts", "prompts"],
  };
  for (const [name, [method, field]] of Object.entries(lists)) {
    const end = await outcome(() => everyPage((params) => client[method](params), field));
    if (end.error) facts.errors[name] = end.error;
    else facts[name] = end.result;
  }
  return facts;
}

function callOnce(adapter, { tool, arguments: given = {}, timeout_ms, max_total_timeout_ms }, options = {}) {
  const timing = { timeout: timeout_ms, maxTotalTimeout: max_total_timeout_ms };
  const set = Object.fromEntries(Object.entries(timing).filter(([, value]) => value !== undefined));
  return outcome(() => adapter.call({ name: tool, arguments: given }, { ...set, ...options }));
}

async function call(adapter, args, seen) {
  if (args.list_first) await adapter.client.listTools();
  return { ...(await callOnce(adapter, args)), asked: seen.asked };
}

async function callMany(adapter, { calls, parallel = 1, pause_ms = 0, list_first }) {
  if (list_first) await adapter.client.listTools();
  const ends = [];
  let next = 0;
  const worker = async () => {
    while (next < calls.length) {
      const index = next++;
      ends[index] = await callOnce(adapter, calls[index]);
      await pause(pause_ms);
    }
  };
  const { elapsed_ms } = await outcome(() => Promise.all(Array.from({ length: parallel }, worker)));
  return { calls: ends, elapsed_ms };
}

async function cancel(adapter, args) {
  const stop = new AbortController();
  setTimeout(() => stop.abort(new Error("cancelled by the driver")), args.after_ms ?? 500);
  const end = await callOnce(adapter, args, { signal: stop.signal });
  const ended = end.error && stop.signal.aborted ? "cancelled" : "answered";
  await pause(args.settle_ms ?? 300);
  const { error, elapsed_ms } = await outcome(() => adapter.client.listTools({}));
  return { ended, ...end, next_list: { error, elapsed_ms } };
}

async function progress(adapter, args) {
  const steps = [];
  const start = performance.now();
  const onprogress = (step) => void steps.push({ ...step, at_ms: Math.round(performance.now() - start) });
  const end = await callOnce(adapter, args, { onprogress, resetTimeoutOnProgress: args.reset_timeout === true });
  return { ...end, progress: steps };
}

async function subscribe(adapter, args, seen) {
  const { client } = adapter;
  const { uris = [], tool, wait_ms = 1000 } = args;
  const facts = {};
  let stream;
  if (adapter.modern()) {
    const kinds = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true };
    stream = await client.listen({ ...kinds, resourceSubscriptions: uris });
    facts.acknowledged = stream.honoredFilter ?? null;
  } else {
    facts.subscribed = [];
    for (const uri of uris) facts.subscribed.push(await outcome(() => client.subscribeResource({ uri })));
  }
  if (tool) facts.trigger = await callOnce(adapter, args);
  await pause(wait_ms);
  await stream?.close();
  return { ...facts, notifications: seen.notifications };
}

const read = ({ client }, { uri }) => outcome(() => client.readResource({ uri }));
const prompt = ({ client }, { name, arguments: given }) => outcome(() => client.getPrompt({ name, arguments: given }));
const complete = ({ client }, { ref, argument, context }) =>
  outcome(() => client.complete({ ref, argument, context: context && { arguments: context } }));

export const SCENARIOS = {
  list,
  call,
  call_many: callMany,
  cancel,
  progress,
  elicit: call,
  sample: call,
  roots: call,
  subscribe,
  read,
  prompt,
  complete,
};

/** Connects through the adapter, plays the scenario and closes. */
export async function play(adapter, options, facts) {
  const scenario = SCENARIOS[options.scenario];
  if (!scenario) throw new Error(`unknown scenario \`${options.scenario}\``);
  const seen = host(adapter, options);
  await adapter.connect();
  const { client } = adapter;
  facts.negotiated = adapter.version();
  facts.server = client.getServerVersion() ?? null;
  facts.capabilities = client.getServerCapabilities();
  facts.instructions = client.getInstructions() ?? null;
  Object.assign(facts, await scenario(adapter, options.args, seen));
  await client.close();
}
