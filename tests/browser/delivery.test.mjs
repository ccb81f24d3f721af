// Everything arrives once, whatever fails: the network, the server, the key, the storage, the clock.
import assert from "node:assert/strict";
import { test } from "node:test";
import { flush, scene, waiting } from "./support/scene.mjs";
import { shop } from "./support/site.mjs";
import { until } from "./support/until.mjs";

const track = (tab, ...events) => tab.evaluate((names) => names.forEach((name) => tracker.track(name)), events);
const soon = { flushInterval: 50 };

test("what is done offline arrives once online", async (t) => {
  const { server, visitor, page } = await scene(t);
  const tab = await visitor.open(page("/", { options: soon }));
  await track(tab, "before");
  assert.equal(await flush(tab), true);
  await visitor.offline();
  await track(tab, "offline", "offline");
  assert.equal(await flush(tab), false);
  assert.equal(await waiting(tab), 2);
  await visitor.online();
  await server.arrival({ before: 1, offline: 2 });
  await until("nothing waits", () => waiting(tab), (lines) => lines === 0);
  assert.equal(visitor.posts.length, 2);
});

test("a page that is reloaded offline, from a cache of its own, keeps what waits and sends it once online", async (t) => {
  const { server, visitor, page } = await scene(t), address = page("/", { options: soon });
  const tab = await visitor.open(address);
  // Answered before the network, as a service worker would. (Without it Chromium puts its own page in the place, and
  // tells the one that goes that it is online, as the tools' being offline ends with it.) Where such a page is from is
  // not known, so that it may not ask this machine without permission.
  await visitor.context.grantPermissions(["local-network-access"]);
  for (const [url, contentType] of [[address, "text/html"], [`${server.origin}/tracker.js`, "text/javascript"]]) {
    const body = await (await fetch(url)).text();
    await visitor.context.route(url, (route) => route.fulfill({ body, contentType }));
  }
  await visitor.offline();
  await track(tab, "first");
  await tab.reload();
  await track(tab, "second");
  assert.equal(await flush(tab), false);
  assert.equal(await waiting(tab), 2);
  assert.deepEqual(visitor.posts, []);
  await visitor.online();
  await server.arrival({ first: 1, second: 1 });
});

test("a server that is killed and comes back on its port gets everything once, of all pages meanwhile", async (t) => {
  const { server, visitor, page } = await scene(t);
  visitor.expectComplaint(/net::ERR_CONNECTION_REFUSED/);
  const tab = await visitor.open(page("/", { options: soon }));
  await track(tab, "up", "up", "up");
  assert.equal(await flush(tab), true);
  await server.kill();
  await track(tab, "down", "down");
  assert.equal(await flush(tab), false);
  // No page risks a beacon now, not even one that goes before it tried.
  await tab.goto(page("/short", { options: soon, script: `tracker.track("short")` }));
  await tab.goto(page("/last", { options: soon, script: `tracker.track("last")` }));
  assert.equal(await waiting(tab), 4);
  await server.up();
  const counts = { down: 2, last: 1, short: 1, up: 3 };
  await server.arrival(counts);
  await until("all is sent", () => flush(tab));
  assert.deepEqual(await server.counts(), counts);
});

test("a server that is killed again and again while pages send gets everything, once", async (t) => {
  const { server, visitor, page } = await scene(t);
  visitor.expectComplaint(/net::ERR_/);
  const tab = await visitor.open(page("/", { options: { ...soon, batchSize: 5 } }));
  // Calls do not wait for the server, so some batch is under way whenever it dies.
  await tab.evaluate(() => {
    let n = 0;
    const next = () => { tracker.track(`e${n % 10}`); if (++n < 300) setTimeout(next, 5); else globalThis.done = true; };
    next();
  });
  for (let kills = 0; kills < 3; kills++) {
    const stored = (await server.lines()).length;
    await until("more is stored", async () => (await server.lines()).length, (lines) => lines > stored);
    await server.kill();
    await server.up();
  }
  await until("all calls are made", () => tab.evaluate(() => globalThis.done));
  await server.arrival(Object.fromEntries(Array.from({ length: 10 }, (_, n) => [`e${n}`, 30])));
  await until("nothing waits", () => flush(tab));
  const lines = await server.lines();
  assert.deepEqual([lines.length, new Set(lines.map((line) => line.insert_id)).size], [300, 300]);
});

test("a batch that was stored and whose answer was lost is sent again, and stored once", async (t) => {
  const { server, visitor, page } = await scene(t);
  visitor.expectComplaint(/net::ERR_CONNECTION_RESET/);
  const lost = [];
  await visitor.context.route("**/v1/batch*", async (route) => {
    if (lost.length === 2) return route.continue();
    lost.push(await (await route.fetch()).json());
    await route.abort("connectionreset");
  });
  const tab = await visitor.open(page("/", { options: soon }));
  await track(tab, "one", "two");
  await until("the answer that is not lost", () => waiting(tab), (lines) => lines === 0);
  assert.deepEqual(lost.map(({ accepted, duplicate }) => [accepted, duplicate]), [[2, 0], [0, 2]]);
  assert.deepEqual(await server.counts(), { one: 1, two: 1 });
  assert.equal(visitor.posts.length, 3);
});

test("a wrong key is told about, and what waited is sent once a page has the right one", async (t) => {
  const { server, visitor, site } = await scene(t);
  visitor.expectComplaint(/status of 401/);
  visitor.expectComplaint(/^tracker: the server answers 401: are host and key right\?$/);
  const calls = `tracker.track("looked"); tracker.identify("ann"); tracker.group("company", "acme-corp");`;
  const address = site.put("/", shop(server, { key: "tcw_wrong", script: calls }));
  const tab = await visitor.open(address);
  assert.equal(await flush(tab), false);
  assert.deepEqual(await server.lines(), []);
  assert.equal(visitor.complained(/are host and key right/), 1);
  await visitor.open(address); // stays open, and must not hold the other up

  site.put("/", shop(server, { key: server.writeKey, script: `tracker.track("worked")` }));
  await tab.reload();
  assert.equal(await flush(tab), true);
  assert.deepEqual(await server.counts(), { looked: 2, worked: 1 });
  assert.deepEqual(await server.count(["looked", "worked"]), { total: 3, unique: 1 });
  assert.deepEqual(await server.count("worked", { group: "company" }), { total: 1, unique: 1 });
});

test("a storage that is full, and one that is forbidden, still deliver", async (t) => {
  for (const preferences of [undefined, { profile: { default_content_setting_values: { cookies: 2 } } }]) {
    const { server, visitor, page } = await scene(t, { preferences });
    const fill = `
      let n = 0;
      for (let size = 1 << 22; size >= 1; size >>= 1)
        try { for (;; n++) localStorage.setItem("of the page " + n, "x".repeat(size)); } catch (error) { document.title = error.name; }`;
    const calls = `
      tracker.identify("ann"); tracker.group("company", "acme-corp"); tracker.track("posted");`;
    const tab = await visitor.open(page("/", { script: fill + calls }));
    assert.equal(await tab.title(), preferences ? "SecurityError" : "QuotaExceededError");
    assert.equal(await flush(tab), true);
    await track(tab, "at last");
    await tab.goto("about:blank");
    await server.arrival({ "at last": 1, posted: 1 });
    assert.deepEqual(await server.count(["posted", "at last"], { group: "company" }), { total: 2, unique: 1 });
    assert.equal((await server.lines()).length, 5);
  }
});

for (const hours of [-1, 1]) {
  test(`times are the server's where the visitor's clock is ${hours} h off, from the first answer on`, async (t) => {
    const { server, visitor, page } = await scene(t);
    await visitor.context.addInitScript((ms) => {
      const right = Date;
      globalThis.Date = class extends right {
        constructor(...given) { super(...(given.length ? given : [right.now() + ms])); }
        static now = () => right.now() + ms;
      };
    }, hours * 3_600_000);
    const tab = await visitor.open(page("/")), started = Date.now();
    await track(tab, "first");
    assert.equal(await flush(tab), true);
    await track(tab, "corrected");
    assert.equal(await flush(tab), true);
    await tab.reload();
    await track(tab, "later page");
    assert.equal(await flush(tab), true);
    const ended = Date.now(), lines = await server.lines();
    assert.deepEqual(lines.map(({ event }) => event), ["first", "corrected", "later page"]);
    for (const { event, timestamp } of lines.slice(1)) {
      const at = Date.parse(timestamp);
      assert.ok(at > started - 5000 && at < ended + 5000, `${event}: ${timestamp}`);
    }
  });
}
