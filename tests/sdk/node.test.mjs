// The script in Node, over real HTTP and with real time.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import tracker from "../../src/server/sdk/tracker.js";
import { StubServer } from "./stub.mjs";

const file = fileURLToPath(new URL("../../src/server/sdk/tracker.js", import.meta.url));
const run = promisify(execFile);

/** A server on a free port for the length of one test. */
async function serving(t) {
  const server = new StubServer(), { host, close } = await server.listen();
  t.after(close);
  return { server, host };
}

test("import and require give the same tracker; create() gives others", async () => {
  assert.equal(createRequire(import.meta.url)(file), tracker);
  assert.equal((await import(pathToFileURL(file))).default, tracker);
  assert.notEqual(tracker.create(), tracker);
});

test("events reach a server over HTTP, in UTF-8, under the write key", async (t) => {
  const { server, host } = await serving(t), own = tracker.create();
  own.init("wk/ü", { host: host + "/" });
  own.identify("user_42");
  own.group("company", "acme-corp", { plan: "enterprise" });
  own.track("feature_used", { feature: "größer 😀" });
  own.page("start");
  assert.equal(await own.flush(), true);
  assert.deepEqual(server.requests.map(({ url, type }) => [url, type]), [["/v1/batch?key=wk%2F%C3%BC", "text/plain"]]);
  assert.deepEqual(server.stored.map((line) => line.type), ["alias", "identify", "group", "track", "track"]);
  assert.deepEqual(server.stored[3].properties, { feature: "größer 😀" });
  assert.deepEqual(server.stored[4].properties, { name: "start" });
  assert.ok(Math.abs(Date.parse(server.stored[3].timestamp) - Date.now()) < 5000);
});

test("answers that get lost, 503 and Retry-After are survived over HTTP", async (t) => {
  const { server, host } = await serving(t), own = tracker.create();
  server.planned = [{ lost: true }, { status: 503, headers: { "retry-after": "1" } }];
  own.init("wk", { host });
  own.track("e1");
  assert.equal(await own.flush(), false);
  const start = Date.now();
  while (!(await own.flush())) assert.ok(Date.now() - start < 20_000, "it never arrives");
  assert.equal(server.requests.length, 3);
  assert.deepEqual(server.events, ["e1"]);
  assert.equal(server.duplicates, 1);
});

test("a key is not needed where the server asks for none, and a storage of one's own is used", async (t) => {
  const { server, host } = await serving(t), items = new Map(), own = tracker.create();
  own.init(undefined, { host, storage: {
    get length() { return items.size; }, key: (i) => [...items.keys()][i], getItem: (key) => items.get(key) ?? null,
    setItem: (key, value) => items.set(key, value), removeItem: (key) => items.delete(key),
  } });
  own.track("e1");
  assert.ok([...items.keys()].some((key) => key.includes("line:")));
  assert.equal(await own.flush(), true);
  assert.deepEqual(server.requests.map(({ url }) => url), ["/v1/batch"]);
});

test("a program that ends without flush() sends first; one whose server is down still ends", async (t) => {
  const { server, host } = await serving(t);
  const program = (at) => `const tracker = require(${JSON.stringify(file)});
    tracker.init("wk", { host: ${JSON.stringify(at)}, flushInterval: 50 }); tracker.track("e1");`;
  await run(process.execPath, ["-e", program(host)], { timeout: 10_000 });
  assert.deepEqual(server.events, ["e1"]);
  await run(process.execPath, ["-e", program("http://127.0.0.1:9")], { timeout: 10_000 });
});

test("evaluated as an ES module it defines the global tracker", async (t) => {
  const directory = await mkdtemp(join(tmpdir(), "tracker-"));
  t.after(() => rm(directory, { recursive: true }));
  await copyFile(file, join(directory, "tracker.mjs"));
  await writeFile(join(directory, "main.mjs"), 'import "./tracker.mjs"; console.log(typeof tracker.track, typeof globalThis.tracker.create);');
  const { stdout } = await run(process.execPath, [join(directory, "main.mjs")], { timeout: 10_000 });
  assert.equal(stdout.trim(), "function function");
});
