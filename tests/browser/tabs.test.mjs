// Pages that go away, and several of them at a time on one storage.
import assert from "node:assert/strict";
import { test } from "node:test";
import { flush, scene, waiting } from "./support/scene.mjs";

const ways = [
  ["is closed", (visitor, tab) => visitor.close(tab)],
  ["is left for another site", (_, tab) => tab.goto("about:blank")],
  ["is left by a link", async (_, tab, next) => {
    await tab.evaluate((url) => { location.href = url; }, next);
    await tab.waitForURL(next);
  }],
  ["is reloaded", (_, tab) => tab.reload()],
];
for (const [what, go] of ways) {
  test(`the last events arrive when a page ${what}`, async (t) => {
    const { server, visitor, site, page } = await scene(t, { host: "shop.localhost" });
    // Nothing but a beacon sends before the test ends.
    const tab = await visitor.open(page("/", { options: { flushInterval: 600_000, batchSize: 1000 } }));
    await tab.evaluate(() => {
      tracker.identify("ann");
      tracker.group("company", "acme-corp");
      for (let n = 0; n < 60; n++) tracker.track("clicked", { n });
      tracker.track("left");
    });
    await go(visitor, tab, site.put("/next", "<title>Next</title>"));
    await server.arrival({ clicked: 60, left: 1 });
    assert.deepEqual(await server.count("left", { group: "company" }), { total: 1, unique: 1 });
    assert.equal((await server.lines()).length, 64);
  });
}

test("more than the browser takes from a page that goes is sent by the next page", async (t) => {
  const { server, visitor, page } = await scene(t), options = { batchSize: 1000, flushInterval: 600_000 };
  const tab = await visitor.open(page("/", { options }));
  await tab.evaluate(() => {
    for (let n = 0; n < 100; n++) tracker.track("clicked", { text: "x".repeat(1500) });
  });
  await tab.goto(page("/next", { options }));
  const left = await waiting(tab);
  assert.ok(left > 0 && left < 100, `${left} wait`);
  await server.arrival({ clicked: 100 - left });
  assert.equal(await flush(tab), true);
  assert.deepEqual(await server.counts(), { clicked: 100 });
});

test("tabs of one site send everything once", async (t) => {
  const { server, visitor, page } = await scene(t), address = page("/", { options: { flushInterval: 20, batchSize: 10 } });
  const tabs = await Promise.all(Array.from({ length: 4 }, () => visitor.open(address)));
  await Promise.all(tabs.map((tab, n) => tab.evaluate(async (name) => {
    for (let i = 0; i < 50; i++) {
      tracker.track(name);
      await new Promise((next) => setTimeout(next, 4));
    }
  }, `tab ${n}`)));
  const counts = Object.fromEntries(tabs.map((_, n) => [`tab ${n}`, 50]));
  await server.arrival(counts);
  for (const tab of tabs) assert.equal(await flush(tab), true);
  assert.equal(await waiting(tabs[0]), 0);
  assert.deepEqual(await server.counts(), counts);
  const lines = visitor.posts.flatMap((post) => post.postData().split("\n"));
  assert.equal(lines.length, 200, "nothing was sent twice");
});

test("tabs share who acts; what a closed tab left is sent by another", async (t) => {
  const { server, visitor, page } = await scene(t), address = page("/");
  const [first, second] = [await visitor.open(address), await visitor.open(address)];
  await first.evaluate(() => { tracker.identify("ann"); tracker.group("company", "acme-corp"); });
  await second.evaluate(() => tracker.track("worked"));
  await visitor.offline();
  await first.evaluate(() => tracker.track("left"));
  await visitor.close(first);
  await visitor.online();
  await server.arrival({ left: 1, worked: 1 }, 20_000);
  assert.deepEqual(await server.count(["left", "worked"], { group: "company" }), { total: 2, unique: 1 });
  assert.deepEqual((await server.get("/api/users/ann")).groups, { company: "acme-corp" });
});
