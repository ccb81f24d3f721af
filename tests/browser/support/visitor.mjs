// A person with a browser profile: tabs, a network that can fail, and an ear for what the console complains about.
import assert from "node:assert/strict";
import { mkdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { profile } from "./chromium.mjs";

const artifacts = fileURLToPath(new URL("../artifacts/", import.meta.url));

export class Visitor {
  /** The profile, for what is not here. */
  context;
  /** Requests to `/v1/batch` that pages tried, but for the beacons of pages that went. */
  posts = [];
  #complaints = [];
  #expected = [];

  static async arrive(preferences, settings) {
    const visitor = new Visitor();
    visitor.context = await profile(preferences, settings);
    visitor.context.on("console", (message) => {
      if (["warning", "error", "assert"].includes(message.type())) visitor.#complaints.push(message.text());
    });
    visitor.context.on("weberror", (error) => visitor.#complaints.push(String(error.error())));
    visitor.context.on("request", (request) => {
      if (request.url().includes("/v1/batch")) visitor.posts.push(request);
    });
    return visitor;
  }

  /** Opens an address in a new tab. */
  async open(url) {
    const page = await this.context.newPage();
    await page.goto(url);
    return page;
  }

  /** Closes a tab as a person does: the page is told. */
  async close(page) {
    const closed = page.waitForEvent("close");
    await page.close({ runBeforeUnload: true });
    await closed;
  }

  offline = () => this.context.setOffline(true);
  online = () => this.context.setOffline(false);

  /** Complaints on the console that the test is about: one at least must come, and no others may. */
  expectComplaint(pattern) {
    this.#expected.push(pattern);
  }

  /** How often the console complained like this. */
  complained = (pattern) => this.#complaints.filter((text) => pattern.test(text)).length;

  /** Saves what a tab shows under `artifacts/`. */
  async screenshot(page, name) {
    await mkdir(artifacts, { recursive: true });
    await page.screenshot({ path: `${artifacts}${name}.png`, fullPage: true });
  }

  /** Goes, and fails where the console complained about anything but what was expected. */
  async leave() {
    // What tabs have said before this answer was said before it.
    await Promise.all(this.context.pages().map((page) => page.evaluate("0")));
    await this.context.close();
    const surprises = this.#complaints.filter((text) => !this.#expected.some((pattern) => pattern.test(text)));
    assert.deepEqual(surprises, [], "complaints on the console");
    for (const pattern of this.#expected) assert.ok(this.complained(pattern), `no complaint like ${pattern}`);
  }
}
