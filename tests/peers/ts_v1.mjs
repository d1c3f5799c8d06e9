// Drives the TypeScript SDK v1 client: the wire before 2026-07-28, over HTTP and stdio.

import { drive, load } from "./contract.mjs";
import { capabilities, play } from "./scenarios.mjs";
import { V1, transport } from "./transport.mjs";

const VERSION = "1.32.2";
const SDK = "@modelcontextprotocol/sdk";

/** v1 names a message by its schema; the schema with this method's literal is the one. */
function schemaOf(types, method) {
  return Object.values(types).find((schema) => schema?.shape?.method?.value === method);
}

drive(`typescript sdk ${VERSION}`, async (options, facts) => {
  if (options.era === "modern") {
    facts.skipped = "the v1 SDK knows no revision after 2025-11-25";
    return;
  }
  const { Client } = await load(`${SDK}/client/index.js`);
  const types = await load(`${SDK}/types.js`);
  const client = new Client({ name: "bartizan-ts-v1", version: "0" }, { capabilities: capabilities(options.offers) });
  const wire = await transport(V1, options);
  let version;
  const adapter = {
    client,
    connect: async () => {
      const announce = wire.setProtocolVersion?.bind(wire);
      wire.setProtocolVersion = (negotiated) => {
        version = negotiated;
        announce?.(negotiated);
      };
      await client.connect(wire);
    },
    version: () => version ?? null,
    modern: () => false,
    call: (params, settings) => client.callTool(params, undefined, settings),
    answer: (method, reply) => client.setRequestHandler(schemaOf(types, method), async (request) => reply(request)),
    hear: (method, note) => client.setNotificationHandler(schemaOf(types, method), async (notice) => note(notice)),
  };
  await play(adapter, options, facts);
});
