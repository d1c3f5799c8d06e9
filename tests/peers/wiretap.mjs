// Stands between a client and a server and writes down every message, one JSON object a line:
//   wiretap.mjs LOG -- COMMAND...            in place of a stdio server
//   wiretap.mjs LOG --to http://127.0.0.1:P  prints its own base URL and forwards every request there
// It changes nothing, so a test can see what a client really sends and what a gateway sends upstream.

import { spawn } from "node:child_process";
import { appendFileSync } from "node:fs";
import http from "node:http";

const [log, flag, ...rest] = process.argv.slice(2);

function note(entry) {
  appendFileSync(log, `${JSON.stringify({ at_ms: Math.round(performance.now()), ...entry })}\n`);
}

/** The text as JSON where it is JSON, so that a log line reads as one object. */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Copies one side of a pipe to the other, noting each complete line. */
function tap(from, to, direction) {
  let rest = "";
  from.on("data", (chunk) => {
    to.write(chunk);
    const lines = (rest + chunk.toString("utf8")).split("\n");
    rest = lines.pop();
    for (const line of lines) note({ direction, message: parsed(line) });
  });
  from.on("end", () => to.end());
}

function stdio([command, ...args]) {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"] });
  note({ started: command });
  tap(process.stdin, child.stdin, "to_server");
  tap(child.stdout, process.stdout, "to_client");
  child.stdin.on("error", () => {});
  for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => child.kill(signal));
  child.on("exit", (code, signal) => {
    note({ exited: code ?? signal });
    process.exitCode = code ?? 1;
  });
}

/** Passes one HTTP exchange on as it streams; the log gets headers at once and bodies at their end. */
function forward(target, request, response) {
  const url = new URL(request.url, target);
  const headers = { ...request.headers, host: url.host };
  const onward = http.request(url, { method: request.method, headers });
  const sent = [];
  request.on("data", (chunk) => sent.push(chunk));
  request.on("end", () => {
    const message = parsed(Buffer.concat(sent).toString("utf8"));
    note({ direction: "to_server", method: request.method, url: request.url, headers: request.headers, message });
  });
  request.pipe(onward);
  onward.on("response", (answer) => {
    const got = [];
    response.writeHead(answer.statusCode, answer.headers);
    response.flushHeaders();
    answer.on("data", (chunk) => got.push(chunk));
    const done = (end) => {
      const message = parsed(Buffer.concat(got).toString("utf8"));
      note({ direction: "to_client", status: answer.statusCode, headers: answer.headers, end, message });
    };
    answer.on("end", () => done("complete"));
    answer.on("error", () => done("broken"));
    answer.pipe(response);
  });
  onward.on("error", (error) => {
    note({ broken: error.message, url: request.url });
    response.destroy();
  });
  response.on("close", () => onward.destroy());
}

if (flag === "--" && rest.length > 0) {
  stdio(rest);
} else if (flag === "--to" && rest.length === 1) {
  const server = http.createServer((request, response) => forward(rest[0], request, response));
  server.listen(0, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}`));
} else {
  console.error("usage: wiretap LOG -- COMMAND... | wiretap LOG --to BASE_URL");
  process.exitCode = 2;
}
