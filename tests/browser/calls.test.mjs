// What the calls of a page become in the server: users, groups, pages, and what a visitor may refuse.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bare, flush, scene, waiting } from "./support/scene.mjs";
import { shop } from "./support/site.mjs";

const threeLines = `
tracker.identify("user_42");
tracker.group("company", "acme-corp", { plan: "enterprise" });
tracker.track("feature_used", { feature: "ai_chart" });`;

for (const [what, settings] of [
  ["with a key, from another host and port", { host: "shop.localhost" }],
  ["without keys, from another port", { keys: false }],
]) {
  test(`the three lines of the product arrive ${what}`, async (t) => {
    const { server, visitor, page } = await scene(t, settings);
    const tab = await visitor.open(page("/", { script: threeLines }));
    assert.equal(await flush(tab), true);

    const [alias, ...rest] = (await server.lines()).map(bare);
    assert.match(alias.alias, /^anon_[0-9a-f]{32}$/);
    assert.deepEqual(alias, { type: "alias", distinct_id: "user_42", alias: alias.alias });
    assert.deepEqual(rest, [
      { type: "identify", distinct_id: "user_42" },
      { type: "group", distinct_id: "user_42", group_type: "company", group_key: "acme-corp", properties: { plan: "enterprise" } },
      { type: "track", distinct_id: "user_42", event: "feature_used", groups: { company: "acme-corp" },
        properties: { feature: "ai_chart" } },
    ]);
    assert.deepEqual(await server.count("feature_used"), { total: 1, unique: 1 });
    assert.deepEqual(await server.count("feature_used", { group: "company" }), { total: 1, unique: 1 });
    const company = await server.get("/api/groups/company/acme-corp");
    assert.deepEqual([company.properties, company.members], [{ plan: "enterprise" }, ["user_42"]]);
    assert.equal(visitor.posts.length, 1);
  });
}

test("a server without keys takes nothing from a page of another host, which keeps it", async (t) => {
  const { server, visitor, page } = await scene(t, { keys: false, host: "shop.localhost" });
  visitor.expectComplaint(/status of 403/);
  visitor.expectComplaint(/tracker: the server answers 403: are host and key right\?/);
  const tab = await visitor.open(page("/", { script: threeLines }));
  assert.equal(await flush(tab), false);
  assert.deepEqual(await server.lines(), []);
  assert.equal(await waiting(tab), 4);
});

test("a tag with the key needs no init, and calls before init wait for it", async (t) => {
  const { server, site, visitor } = await scene(t);
  const tagged = await visitor.open(site.put("/tagged", shop(server, { key: server.writeKey, script: `tracker.track("tagged")` })));
  assert.equal(await flush(tagged), true);
  const early = await visitor.open(site.put("/early", shop(server, { script: `tracker.track("early")` })));
  await early.evaluate((key) => tracker.init(key), server.writeKey);
  assert.equal(await flush(early), true);
  assert.deepEqual(await server.counts(), { early: 1, tagged: 1 });
});

test("what was done before signing in belongs to the user, whose groups of both types every later event carries", async (t) => {
  const { server, visitor, page } = await scene(t);
  const tab = await visitor.open(page("/", { script: `tracker.track("looked")` }));
  await tab.evaluate(() => {
    tracker.identify("ann", { role: "admin" });
    tracker.group("company", "acme-corp", { plan: "enterprise" });
    tracker.group("team", "blue", { size: 7 });
    tracker.track("worked");
  });
  assert.equal(await flush(tab), true);
  await tab.goto(page("/later"));
  await tab.evaluate(() => {
    tracker.group("company", "globex");
    tracker.track("worked");
    tracker.group("team", null);
    tracker.track("worked");
  });
  assert.equal(await flush(tab), true);

  const ann = await server.get("/api/users/ann");
  const anonymous = ann.ids.find((id) => id !== "ann");
  assert.match(anonymous, /^anon_/);
  assert.deepEqual([ann.id, ann.ids.length, ann.properties], ["ann", 2, { role: "admin" }]);
  assert.deepEqual((await server.get(`/api/users/${anonymous}`)).id, "ann");
  assert.deepEqual(await server.count(["looked", "worked"]), { total: 4, unique: 1 });
  assert.deepEqual(await server.count("worked", { group: "company" }), { total: 3, unique: 2 });
  assert.deepEqual(await server.count("worked", { group: "team" }), { total: 2, unique: 1 });
  assert.deepEqual((await server.lines()).filter(({ event }) => event === "worked").map(({ groups }) => groups), [
    { company: "acme-corp", team: "blue" }, { company: "globex", team: "blue" }, { company: "globex" },
  ]);
  assert.deepEqual((await server.get("/api/groups/team/blue")).properties, { size: 7 });
});

test("page() tells which page, without its query", async (t) => {
  const { server, site, visitor, page } = await scene(t, { host: "shop.localhost" });
  const first = page("/plans", { script: `tracker.page("Plans", { currency: "EUR" })` });
  page("/cart", { script: `tracker.page()` });
  const tab = await visitor.open(`${first}?token=secret#top`);
  assert.equal(await flush(tab), true);
  await tab.evaluate(() => { location.href = "/cart?again=1"; });
  await tab.waitForURL("**/cart?again=1");
  assert.equal(await flush(tab), true);
  const lines = (await server.lines()).filter(({ event }) => event === "page_viewed");
  assert.deepEqual(lines.map(({ properties }) => properties), [
    { name: "Plans", url: `${site.origin}/plans`, path: "/plans", title: "Shop", currency: "EUR" },
    { url: `${site.origin}/cart`, path: "/cart", title: "Shop", referrer: `${site.origin}/plans` },
  ]);
  assert.deepEqual(await server.counts(), { page_viewed: 2 });
});

test("reset() forgets who acted and for which groups", async (t) => {
  const { server, visitor, page } = await scene(t);
  const tab = await visitor.open(page("/", { script: threeLines }));
  await tab.evaluate(() => {
    tracker.reset();
    tracker.track("browsed");
  });
  assert.equal(await flush(tab), true);
  await tab.reload(); // the example once more: the same person signs in again
  assert.equal(await flush(tab), true);
  const [browsed] = (await server.lines()).filter(({ event }) => event === "browsed");
  assert.match(browsed.distinct_id, /^anon_/);
  assert.deepEqual(browsed.groups ?? {}, {});
  assert.deepEqual(await server.count("browsed", { group: "company" }), { total: 0, unique: 0 });
  assert.deepEqual((await server.get("/api/users/user_42")).ids.length, 3);
  assert.deepEqual(await server.counts(), { browsed: 1, feature_used: 2 });
});

test("who asks not to be tracked is not, where the page honours it", async (t) => {
  const { server, visitor, page } = await scene(t, { preferences: { enable_do_not_track: true } });
  const honoured = await visitor.open(page("/honours", { options: { respectDoNotTrack: true }, script: threeLines }));
  assert.equal(await honoured.evaluate(() => navigator.doNotTrack), "1");
  assert.equal(await flush(honoured), true);
  assert.deepEqual(await honoured.evaluate(() => Object.keys(localStorage)), []);
  await visitor.close(honoured);
  const other = await visitor.open(page("/does-not", { script: `tracker.track("seen")` }));
  assert.equal(await flush(other), true);
  assert.deepEqual(await server.counts(), { seen: 1 });
  assert.equal(visitor.posts.length, 1);
});

test("a page may forbid all but the server's origin, and the tracker works, its beacons too", async (t) => {
  const { server, site, visitor } = await scene(t);
  const policy = `default-src 'none'; script-src ${server.origin}; connect-src ${server.origin}; base-uri 'none'; ` +
    "require-trusted-types-for 'script'";
  const address = site.put("/", shop(server, { key: server.writeKey }), { "Content-Security-Policy": policy });
  const tab = await visitor.open(address);
  await tab.evaluate(() => tracker.track("posted"));
  assert.equal(await flush(tab), true);
  await tab.evaluate(() => tracker.track("at last"));
  await tab.goto("about:blank");
  await server.arrival({ posted: 1, "at last": 1 });
});

test("the script is small on the wire", async (t) => {
  const { visitor, page } = await scene(t);
  const [loaded] = await Promise.all([visitor.context.waitForEvent("requestfinished", (request) => request.url().endsWith("/tracker.js")),
    visitor.open(page("/"))]);
  const response = await loaded.response(), { responseBodySize, responseHeadersSize } = await loaded.sizes();
  const plain = (await response.body()).length, packed = response.headers()["content-encoding"];
  t.diagnostic(`tracker.js: ${plain} bytes, ${responseBodySize} on the wire (${packed}), and ${responseHeadersSize} of headers`);
  assert.match(response.headers()["content-type"], /^text\/javascript/);
  assert.ok(responseBodySize <= 10_240, `${responseBodySize} bytes`);
});
