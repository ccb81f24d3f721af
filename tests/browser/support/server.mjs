// The real server on loopback, with a directory of its own, and questions to it.
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { until } from "./until.mjs";

export const binary = process.env.TRACKCRUMB_BINARY || fileURLToPath(new URL("../../../target/debug/trackcrumb", import.meta.url));
const run = promisify(execFile);

export class Server {
  /** Where it listens, such as `http://127.0.0.1:40123`; the same after a restart. */
  origin;
  /** Keys, where it was started with keys. */
  writeKey;
  readKey;
  #data;
  #process;
  #said = "";

  /** Starts one. `keys`: it asks for keys. `data`: on what is there, which goes when it is closed. */
  static async start({ keys = true, data } = {}) {
    const server = new Server();
    server.#data = data ?? await mkdtemp(join(tmpdir(), "trackcrumb-browser-"));
    if (keys) [server.writeKey, server.readKey] = [await server.createKey("write"), await server.createKey("read")];
    await server.up();
    return server;
  }

  /** A new key of a kind. */
  createKey = async (kind) => JSON.parse(await this.#command("key", "create", "--kind", kind)).key;

  /** Starts it, again on the same port after `kill`. */
  async up() {
    const address = this.origin ? new URL(this.origin).host : "127.0.0.1:0";
    const child = spawn(binary, ["serve", "--data", this.#data, "--listen", address]);
    this.#process = child;
    let printed = "", failed;
    child.stdout.on("data", (text) => { printed += text; });
    child.stderr.on("data", (text) => { this.#said += text; });
    child.on("error", (error) => { failed = error; });
    child.on("exit", (code) => { failed = new Error(`the server ended (${code}): ${this.#said}`); });
    await until("the server prints its address", () => {
      if (failed) throw failed;
      return /http:\/\/\S+/.exec(printed);
    });
    this.origin = new URL(/http:\/\/\S+/.exec(printed)[0]).origin;
  }

  /** Ends it without a warning. */
  async kill(signal = "SIGKILL") {
    const child = this.#process;
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, "exit");
  }

  /** Ends it in peace and forgets its directory. */
  async close() {
    await this.kill("SIGTERM");
    await rm(this.#data, { recursive: true });
  }

  /** Everything stored, as input lines, in order of arrival. */
  async lines() {
    return (await this.#command("export")).split("\n").filter(Boolean).map((line) => JSON.parse(line));
  }

  /** How often each event is stored. */
  async counts() {
    const { events } = await this.get("/api/events");
    return Object.fromEntries(events.map(({ event, count }) => [event, count]));
  }

  /** Waits until exactly these counts are stored. */
  arrival = (counts, ms) => until(`arrival of ${JSON.stringify(counts)}`, this.#sorted,
    (got) => JSON.stringify(got) === JSON.stringify(Object.entries(counts).sort()), ms);
  #sorted = async () => Object.entries(await this.counts()).sort();

  /** How many events there are of a name, by users or by the keys of a group type, and how many of these did it. */
  async count(event, countBy = "users") {
    const { series } = await this.ask({
      report: "trends", from: "2020-01-01", to: "2100-01-01", interval: "month", count_by: countBy,
      series: [{ event, measure: "total" }, { event, measure: "unique" }],
    });
    return { total: series[0].total, unique: series[1].total };
  }

  /** The answer to a report document. */
  ask = (document) => this.get("/api/report", { method: "POST", body: JSON.stringify(document),
    headers: { "Content-Type": "application/json" } });

  /** The same from the command line, beside the server. */
  async command(document) {
    const file = join(this.#data, "..", `${basename(this.#data)}.json`);
    await writeFile(file, JSON.stringify(document));
    try {
      return JSON.parse(await this.#command("report", file, "--format", "json"));
    } finally {
      await rm(file);
    }
  }

  /** What it answers at an address, asked with the read key. */
  async get(path, { headers, ...rest } = {}) {
    const key = this.readKey && { Authorization: `Bearer ${this.readKey}` };
    const response = await fetch(this.origin + path, { ...rest, headers: { ...headers, ...key } });
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return response.json();
  }

  async #command(...words) {
    const { stdout } = await run(binary, [...words, "--data", this.#data], { maxBuffer: 1 << 26 });
    return stdout;
  }
}
