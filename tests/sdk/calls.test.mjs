// What the calls mean: identity, groups, reset, pages, input that is not sent, visitors who do not want it.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Browser } from "./browser.mjs";

/** The lines that the server has stored after everything was sent, without what differs from run to run. */
async function sent(browser) {
  await browser.clock.advance(10_000);
  return browser.server.stored.map(({ timestamp, insert_id, ...line }) => line);
}

test("the three lines of the README become four lines of input", async () => {
  const browser = new Browser(), { tracker, warnings } = browser.ready();
  tracker.identify("user_42");
  tracker.group("company", "acme-corp", { plan: "enterprise" });
  tracker.track("feature_used", { feature: "ai_chart" });
  const [alias, ...rest] = await sent(browser);
  assert.equal(alias.type, "alias");
  assert.equal(alias.distinct_id, "user_42");
  assert.match(alias.alias, /^anon_[0-9a-f]{32}$/);
  assert.deepEqual(rest, [
    { type: "identify", distinct_id: "user_42" },
    { type: "group", distinct_id: "user_42", group_type: "company", group_key: "acme-corp", properties: { plan: "enterprise" } },
    { type: "track", distinct_id: "user_42", event: "feature_used", groups: { company: "acme-corp" }, properties: { feature: "ai_chart" } },
  ]);
  assert.deepEqual(warnings, []);
  const [request] = browser.server.requests;
  assert.equal(request.url, "https://stats.example.com/v1/batch?key=wk_1");
  assert.equal(request.type, "text/plain");
  for (const line of browser.server.stored) assert.equal(line.timestamp, "2026-01-03T10:00:00.000Z");
  assert.deepEqual(browser.server.stored.map((line) => "insert_id" in line), [false, false, false, true]);
});

test("calls before init wait for it and keep their time; a script tag with a key needs no init", async () => {
  const browser = new Browser(), early = browser.tab();
  early.tracker.track("early");
  await browser.clock.advance(60_000);
  early.tracker.init("wk_1");
  early.tracker.init("wk_1");
  const tagged = browser.tab({ script: { src: "https://stats.example.com/tracker.js", dataset: { key: "wk_1" } } });
  tagged.tracker.track("tagged");
  await sent(browser);
  assert.deepEqual(browser.server.events, ["early", "tagged"]);
  assert.deepEqual(browser.server.stored.map((line) => line.timestamp.slice(11, 16)), ["10:00", "10:01"]);
  assert.deepEqual(early.warnings, ["tracker: init was called before; this call does nothing"]);
});

test("the anonymous id is joined once: not again on a later page, and not to a second person", async () => {
  const browser = new Browser(), first = browser.ready();
  first.tracker.track("seen");
  first.tracker.identify("ann", { role: "admin" });
  first.tracker.identify("ann");
  await browser.clock.advance(1);
  const later = browser.ready();
  later.tracker.identify("ann", { role: "owner" });
  later.tracker.track("worked");
  later.tracker.identify("bob");
  later.tracker.track("looked");
  await sent(browser);
  const { server } = browser, anonymous = server.stored[0].distinct_id;
  assert.deepEqual(server.of("alias").map((line) => [line.distinct_id, line.alias]), [["ann", anonymous]]);
  assert.deepEqual(server.of("identify").map((line) => [line.distinct_id, line.properties]),
    [["ann", { role: "admin" }], ["ann", { role: "owner" }], ["bob", undefined]]);
  assert.deepEqual(server.of("track").map((line) => line.distinct_id), [anonymous, "ann", "bob"]);
});

test("groups are kept, one key a type, on later pages too, and end with null, with reset and with another person", async () => {
  const browser = new Browser(), { tracker } = browser.ready();
  tracker.group("company", "acme");
  tracker.group("team", 7);
  tracker.group("__proto__", "odd");
  tracker.track("a");
  tracker.group("company", "globex");
  await browser.clock.advance(1);
  browser.ready().tracker.track("b");
  await browser.clock.advance(1);
  tracker.group("team", null);
  tracker.group("__proto__", null);
  tracker.track("c");
  tracker.identify("ann");
  tracker.track("d");
  tracker.identify("bob");
  tracker.track("e");
  tracker.group("company", "initech");
  tracker.reset();
  tracker.track("f");
  await sent(browser);
  const groups = Object.fromEntries(browser.server.of("track").map((line) => [line.event, JSON.stringify(line.groups)]));
  assert.deepEqual(groups, {
    a: '{"company":"acme","team":"7","__proto__":"odd"}',
    b: '{"team":"7","__proto__":"odd","company":"globex"}',
    c: '{"company":"globex"}', d: '{"company":"globex"}', e: "{}", f: "{}",
  });
  assert.deepEqual(browser.server.of("group").map((line) => line.group_key), ["acme", "7", "odd", "globex", "initech"]);
});

test("reset begins a new anonymous id, which is joined to the next person", async () => {
  const browser = new Browser(), { tracker } = browser.ready();
  tracker.identify("ann");
  tracker.reset();
  tracker.track("between");
  tracker.identify("bob");
  await sent(browser);
  const [ann, bob] = browser.server.of("alias"), [between] = browser.server.of("track");
  assert.equal(bob.distinct_id, "bob");
  assert.equal(bob.alias, between.distinct_id);
  assert.notEqual(bob.alias, ann.alias);
});

test("page() tells which page, without queries, and takes a name, properties or both", async () => {
  const browser = new Browser(), { tracker } = browser.ready();
  tracker.page();
  tracker.page("Pricing", { plan: "free" });
  tracker.page({ path: "/own" });
  await sent(browser);
  const page = { url: "https://app.example.com/plans", path: "/plans", title: "Plans", referrer: "https://search.example.com/" };
  assert.deepEqual(browser.server.events, ["page_viewed", "page_viewed", "page_viewed"]);
  assert.deepEqual(browser.server.stored.map((line) => line.properties),
    [page, { name: "Pricing", ...page, plan: "free" }, { ...page, path: "/own" }]);
});

test("names and properties at their limits are sent, beyond them warned about once and not sent", async () => {
  const browser = new Browser(), { tracker, warnings } = browser.ready();
  const nested = (levels) => JSON.parse('{"a":'.repeat(levels) + "1" + "}".repeat(levels));
  const filled = (bytes) => ({ text: "x".repeat(bytes - '{"text":""}'.length) });
  const tries = [
    ["track", ["e".repeat(200)], ["e".repeat(201)]],
    ["track", ["é".repeat(100)], ["é".repeat(100) + "e"]],
    ["track", ["\u200b"], ["\u2003\t"]],
    ["track", ["**"], ["*"]],
    ["track", [" e "], [""]],
    ["track", [5], [Number.NaN]],
    ["track", ["e", null], [undefined]],
    ["track", ["e", filled(32_768)], ["e", filled(32_769)]],
    ["track", ["e", { text: "é".repeat(16_378) }], ["e", { text: "é".repeat(16_379) }]],
    ["track", ["e", nested(64)], ["e", nested(65)]],
    ["track", ["e", {}], ["e", []]],
    ["track", ["e", { when: new Date(0) }], ["e", new Date(0)]],
    ["track", ["e", { gone: undefined, f() {} }], ["e", "text"]],
    ["track", ["e", { n: 1 }], ["e", { n: 1n }]],
    ["group", ["t".repeat(100), "k"], ["t".repeat(101), "k"]],
    ["group", ["t", "k".repeat(400)], ["t", "k".repeat(401)]],
    ["group", ["t", 0], ["t", undefined]],
    ["group", ["t", "k", filled(32_768)], ["t", "k", filled(32_769)]],
    ["page", ["Pricing"], ["Pricing", "text"]],
    ["identify", ["u".repeat(400)], ["u".repeat(401)]],
    ["identify", ["anon_1"], [" Anon "]],
    ["identify", ["nulls"], ["null"]],
    ["identify", [42], [0]],
    ["identify", ["u2", filled(32_768)], ["u2", filled(32_769)]],
  ];
  for (const [call, good, bad] of tries) {
    const before = browser.storage.lines.length, warned = warnings.length;
    tracker[call](...bad);
    tracker[call](...bad);
    const what = `${call}(${JSON.stringify(bad, (_, v) => (typeof v === "bigint" ? `${v}n` : v)).slice(0, 60)})`;
    assert.equal(browser.storage.lines.length, before, `${what} must not be queued`);
    assert.ok(warnings.length <= warned + 1, `${what} warns at most once`);
    tracker[call](...good);
    assert.ok(browser.storage.lines.length > before, `${call} within the limits must be queued`);
  }
  assert.equal(new Set(warnings).size, warnings.length);
  for (const part of ["event", "type", "key", "id", "32768 bytes", "deeper", "object", "BigInt", "share", "`*`"])
    assert.ok(warnings.some((text) => text.includes(part)), `a warning about ${part}`);
});

test("a name that was refused changes nothing", async () => {
  const browser = new Browser(), { tracker } = browser.ready();
  tracker.group("company", "acme");
  tracker.group("company", " ");
  tracker.group("company", "acme", "no object");
  tracker.identify("null");
  tracker.track("e");
  await sent(browser);
  const [event] = browser.server.of("track");
  assert.deepEqual(event.groups, { company: "acme" });
  assert.match(event.distinct_id, /^anon_/);
});

test("text cut inside an emoji stays acceptable, and what only looks like it stays as it is", async () => {
  const browser = new Browser(), { tracker } = browser.ready();
  tracker.track("cut \ud83d", { ["k\udc00"]: "a\ud83d", whole: "😀", text: "\\ud83d", deep: ["\udc00"] });
  const [line] = await sent(browser);
  assert.equal(line.event, "cut \ufffd");
  assert.deepEqual(line.properties, { "k\ufffd": "a\ufffd", whole: "😀", text: "\\ud83d", deep: ["\ufffd"] });
});

test("what an object holds when a call is made is what is sent", async () => {
  const browser = new Browser(), { tracker } = browser.ready(), properties = { step: 1 };
  tracker.track("e", properties);
  properties.step = 2;
  assert.deepEqual((await sent(browser))[0].properties, { step: 1 });
});

for (const [what, navigator] of [["do-not-track", { doNotTrack: "1" }], ["global privacy control", { globalPrivacyControl: true }]]) {
  test(`${what} is honoured where the page says so, and what was kept is forgotten`, async () => {
    const browser = new Browser(), before = browser.ready(undefined, { navigator });
    before.tracker.track("kept");
    browser.storage.setItem("of the page", "stays");
    assert.equal(browser.storage.lines.length, 1);
    const { tracker, hide } = browser.ready({ respectDoNotTrack: true }, { navigator });
    tracker.identify("ann");
    tracker.track("e");
    hide();
    assert.equal(await tracker.flush(), true);
    assert.deepEqual([...browser.storage.items.keys()], ["of the page"]);
    await sent(browser);
    assert.deepEqual(browser.server.requests, []);
  });
}

test("the option changes nothing for visitors who did not ask", async () => {
  const browser = new Browser();
  browser.ready({ respectDoNotTrack: true }, { navigator: { doNotTrack: "0" } }).tracker.track("e");
  await sent(browser);
  assert.deepEqual(browser.server.events, ["e"]);
});

test("nothing is thrown into the page", () => {
  const browser = new Browser(), hostile = { get a() { throw new Error("own getter"); } };
  const { tracker, warnings } = browser.tab({ script: null });
  tracker.init("wk_1");
  tracker.init("wk_1", { host: "nonsense" });
  tracker.init("wk_1", { host: "https://stats.example.com", batchSize: 0 });
  tracker.init("wk_1", { host: "https://stats.example.com" });
  const loop = {};
  loop.loop = loop;
  for (const given of [hostile, loop, Symbol("s"), () => 1]) {
    tracker.track("e", given);
    tracker.identify(given, given);
    tracker.group(given, given, given);
    tracker.page(given, given);
  }
  assert.ok(warnings.some((text) => text.includes("`host` is needed")) && warnings.some((text) => text.includes("own getter")));
  assert.deepEqual(browser.storage.lines, []);
});
