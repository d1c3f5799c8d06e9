// Copies a folder's text files through server-filesystem behind an MCP endpoint and compares bytes:
//   files.mjs --url URL|--command JSON --from DIR --to DIR [--block RULE] [--read TOOL] [--write TOOL] [--header H]...
// A gateway may add content blocks around the payload. RULE says which block is the file: `middle` (the
// default: of three or more blocks, all but the first and last; else all), `all` (joined without a
// separator) or an index from 0 (from the end when negative).

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { parseArgs } from "node:util";

import { failure, headersOf, load, report } from "./contract.mjs";
import { V2, transport } from "./transport.mjs";

function options() {
  const { values } = parseArgs({
    options: {
      url: { type: "string" },
      command: { type: "string" },
      from: { type: "string" },
      to: { type: "string" },
      block: { type: "string", default: "middle" },
      read: { type: "string", default: "read_text_file" },
      write: { type: "string", default: "write_file" },
      header: { type: "string", multiple: true, default: [] },
    },
  });
  if (!values.url === !values.command || !values.from || !values.to) {
    console.error("usage: files --url URL|--command JSON --from DIR --to DIR [--block middle|all|INDEX] [--read TOOL] [--write TOOL]");
    process.exit(2);
  }
  return values;
}

async function connect({ url, command, header }) {
  const { Client } = await load("@modelcontextprotocol/client");
  const client = new Client({ name: "bartizan-files", version: "0" }, { versionNegotiation: { mode: "auto" } });
  const target = { url, command: command && JSON.parse(command), headers: headersOf(header) };
  await client.connect(await transport(V2, target));
  return client;
}

// A call that waits for a person never ends here; the first three that failed in a row tell what the rest would.
const CALL_MS = 30_000;
const FAILED_IN_A_ROW = 3;

/** The text that the rule takes from a result's content. */
function payload(content, rule) {
  const texts = content.map((block) => block.text ?? "");
  if (rule === "all") return texts.join("");
  if (rule === "middle") return (texts.length > 2 ? texts.slice(1, -1) : texts).join("");
  return texts.at(Number(rule)) ?? "";
}

async function call(client, name, given) {
  const result = await client.callTool({ name, arguments: given }, { timeout: CALL_MS });
  if (result.isError) throw new Error(payload(result.content, "all"));
  return result;
}

/** Reads and writes one file through the tools; what differs is said with enough to find it. */
async function copy(client, { from, to, block, read, write }, file) {
  const { content } = await call(client, read, { path: join(from, file) });
  await call(client, write, { path: join(to, file), content: payload(content, block) });
  const [before, after] = await Promise.all([readFile(join(from, file)), readFile(join(to, file))]);
  if (before.equals(after)) return { blocks: content.length };
  let at = 0;
  while (at < before.length && before[at] === after[at]) at++;
  const near = (bytes) => bytes.subarray(Math.max(0, at - 16), at + 32).toString("utf8");
  const lengths = { before: before.length, after: after.length };
  return { blocks: content.length, difference: { file, at, lengths, before: near(before), after: near(after) } };
}

const given = options();
const facts = { files: 0, identical: 0, differing: [], failed: [], blocks: {} };
try {
  const client = await connect(given);
  facts.negotiated = client.getNegotiatedProtocolVersion();
  let failed = 0;
  const entries = await readdir(given.from, { withFileTypes: true });
  for (const file of entries.filter((entry) => entry.isFile()).map((entry) => entry.name).sort()) {
    facts.files++;
    try {
      const { blocks, difference } = await copy(client, given, file);
      facts.blocks[blocks] = (facts.blocks[blocks] ?? 0) + 1;
      if (difference) facts.differing.push(difference);
      else facts.identical++;
      failed = 0;
    } catch (error) {
      facts.failed.push({ file, error: failure(error) });
      if (++failed === FAILED_IN_A_ROW) break;
    }
  }
  await client.close();
} catch (error) {
  facts.not_connected = failure(error);
}
report(facts);
