// Opens the transport that a driver was asked for. Both TypeScript SDKs name these classes alike and
// only keep them in different modules.

import { load } from "./contract.mjs";

/** The modules that hold the transports of SDK v1 and v2. */
export const V1 = {
  stdio: "@modelcontextprotocol/sdk/client/stdio.js",
  http: "@modelcontextprotocol/sdk/client/streamableHttp.js",
};
export const V2 = { stdio: "@modelcontextprotocol/client/stdio", http: "@modelcontextprotocol/client" };

/** A child process speaking stdio, or a Streamable HTTP endpoint with our headers. */
export async function transport(modules, { url, command, headers = {} }) {
  if (command) {
    const { StdioClientTransport } = await load(modules.stdio);
    return new StdioClientTransport({ command: command[0], args: command.slice(1), env: process.env });
  }
  const { StreamableHTTPClientTransport } = await load(modules.http);
  return new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
}
