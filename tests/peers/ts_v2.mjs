// Drives the TypeScript SDK v2 client over both eras, HTTP and stdio.

import { drive, load } from "./contract.mjs";
import { capabilities, play } from "./scenarios.mjs";
import { V2, transport } from "./transport.mjs";

const VERSION = "2.4.0";
const SDK = "@modelcontextprotocol/client";
const NEGOTIATION = { auto: { mode: "auto" }, modern: { mode: { pin: "2026-07-28" } }, legacy: { mode: "legacy" } };

drive(`typescript client ${VERSION}`, async (options, facts) => {
  const { Client } = await load(SDK);
  const client = new Client(
    { name: "bartizan-ts-v2", version: "0" },
    { capabilities: capabilities(options.offers), versionNegotiation: NEGOTIATION[options.era] },
  );
  const wire = await transport(V2, options);
  const adapter = {
    client,
    connect: () => client.connect(wire),
    version: () => client.getNegotiatedProtocolVersion() ?? null,
    modern: () => client.getProtocolEra() === "modern",
    call: (params, settings) => client.callTool(params, settings),
    answer: (method, reply) => client.setRequestHandler(method, async (request) => reply(request)),
    hear: (method, note) => client.setNotificationHandler(method, async (notice) => note(notice)),
  };
  await play(adapter, options, facts);
});
