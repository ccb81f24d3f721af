// How lines reach the server: batches, failures, waiting, storage that fails, clocks that are wrong.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Browser } from "./browser.mjs";

const numbered = (tracker, from, to) => { for (let n = from; n <= to; n++) tracker.track(`e${n}`); };
const names = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => `e${from + i}`);
const sizes = (server) => server.requests.map((request) => request.lines.length);

test("lines are sent after the interval, or as soon as a batch is full, in order", async () => {
  const browser = new Browser(), { tracker } = browser.ready({ flushInterval: 2000, batchSize: 3 });
  tracker.track("e1");
  await browser.clock.advance(1999);
  assert.deepEqual(sizes(browser.server), []);
  await browser.clock.advance(100);
  assert.deepEqual(sizes(browser.server), [1]);
  numbered(tracker, 2, 8);
  await browser.clock.advance(200);
  assert.deepEqual(sizes(browser.server), [1, 3, 3, 1]);
  assert.deepEqual(browser.server.events, names(1, 8));
  assert.deepEqual(browser.storage.lines, []);
});

test("flush() sends at once and says whether all was taken", async () => {
  const browser = new Browser(), { tracker } = browser.ready();
  numbered(tracker, 1, 120);
  const taken = tracker.flush();
  await browser.clock.advance(1000);
  assert.equal(await taken, true);
  assert.deepEqual(sizes(browser.server), [50, 50, 20]);
  browser.server.planned = [{ status: 500 }];
  tracker.track("e121");
  const failed = tracker.flush();
  await browser.clock.advance(300);
  assert.equal(await failed, false);
  await browser.clock.advance(1000);
  assert.equal(browser.server.events.length, 121);
});

test("a repeat has the same bytes: insert ids and timestamps, and nothing is stored twice", async () => {
  const browser = new Browser(), { tracker, warnings } = browser.ready();
  // The answer is lost after the lines were stored; then answers that the server gives while it is in trouble.
  browser.server.planned = [{ lost: true }, { status: 500 }, { status: 502, body: "<html>" }, { status: 200, body: "<html>sign in</html>" }];
  browser.server.ahead = 30 * 86_400_000;
  numbered(tracker, 1, 3);
  await browser.clock.advance(120_000);
  const { requests, duplicates, events } = browser.server;
  assert.equal(requests.length, 5);
  for (const { lines } of requests) assert.deepEqual(lines, requests[0].lines);
  assert.equal(new Set(requests[0].lines.map((line) => line.insert_id)).size, 3);
  assert.equal(duplicates, 3);
  assert.deepEqual(events, names(1, 3));
  assert.deepEqual(warnings, ["tracker: the server answers 200: are host and key right?"]);
});

test("the wait doubles with every failure, with jitter, up to a minute, and starts anew after success", async () => {
  const browser = new Browser(), { tracker } = browser.ready(), times = [];
  const fail = () => { times.push(browser.clock.now); return { status: 500 }; };
  browser.server.planned = Array(12).fill(fail);
  tracker.track("e1");
  await browser.clock.advance(12 * 60_000);
  const waits = times.slice(1).map((time, i) => time - times[i]);
  assert.equal(waits.length, 11);
  waits.forEach((wait, i) => {
    const most = Math.min(60_000, 1000 * 2 ** i);
    assert.ok(wait >= most / 2 && wait <= most + 60, `wait ${i} is ${wait}, at most ${most}`);
  });
  assert.ok(waits.some((wait, i) => wait < 0.95 * Math.min(60_000, 1000 * 2 ** i)), "no jitter");
  assert.deepEqual(browser.server.events, ["e1"]);
  times.length = 0;
  browser.server.planned = [fail, fail];
  tracker.track("e2");
  await browser.clock.advance(8000);
  assert.ok(times[1] - times[0] <= 1060, "the first wait after a success is short again");
});

for (const status of [429, 503]) {
  test(`Retry-After of a ${status} is kept, in seconds and as a date, by later calls, flush() and other tabs too`, async () => {
    const browser = new Browser(), tab = browser.ready(), { tracker } = tab;
    browser.server.planned = [{ status, headers: { "retry-after": "120" } }];
    tracker.track("e1");
    await browser.clock.advance(6000);
    numbered(tracker, 2, 60);
    tracker.flush();
    const other = browser.ready();
    other.tracker.flush();
    await browser.clock.advance(113_000);
    browser.goOnline(tab, other);
    tracker.track("e61");
    await browser.clock.advance(100);
    assert.equal(browser.server.requests.length, 1);
    await browser.clock.advance(35_000);
    assert.deepEqual(browser.server.events.length, 61);

    browser.server.ahead = 3_600_000;
    const date = new Date(browser.clock.now + 3_600_000 + 90_000).toUTCString();
    browser.server.planned = [{ status, headers: { "retry-after": date } }];
    tracker.track("e62");
    await browser.clock.advance(85_000);
    assert.equal(browser.server.events.length, 61);
    await browser.clock.advance(35_000);
    assert.equal(browser.server.events.length, 62);
  });
}

test("flush() does not hang while the server asks to wait", async () => {
  const browser = new Browser(), { tracker } = browser.ready();
  browser.server.planned = [{ status: 503, headers: { "retry-after": "600" } }];
  tracker.track("e1");
  await browser.clock.advance(6000);
  let answer = "pending";
  tracker.flush().then((taken) => { answer = taken; });
  await browser.clock.advance(10_000);
  assert.equal(answer, false);
});

test("a body that is too large is halved until it fits; a line that never fits is dropped alone", async () => {
  const browser = new Browser(), { tracker, warnings } = browser.ready({ batchSize: 8 });
  const picky = (lines) => (lines.length > 2 || lines.some((line) => line.event === "e5") ? { status: 413 } : undefined);
  browser.server.planned = Array(40).fill(picky);
  numbered(tracker, 1, 8);
  await browser.clock.advance(1000);
  assert.deepEqual(sizes(browser.server), [8, 4, 2, 4, 2, 4, 2, 1, 2, 1]);
  assert.deepEqual(browser.server.events, names(1, 8).filter((name) => name !== "e5"));
  assert.deepEqual(browser.storage.lines, []);
  assert.equal(warnings.length, 1);
});

test("400 drops the batch and goes on; refused lines are told about, with the reason", async () => {
  const browser = new Browser(), { tracker, warnings } = browser.ready({ batchSize: 2 });
  browser.server.planned = [
    { status: 400, body: { accepted: 0, duplicate: 0, refused: [{ index: 0, reason: "type `compny` is not declared" }] } },
    { status: 400, body: "<html>" },
    { status: 200, body: { accepted: 1, duplicate: 0, refused: [{ index: 1, reason: "too deep" }] } },
  ];
  numbered(tracker, 1, 8);
  await browser.clock.advance(6000);
  assert.deepEqual(sizes(browser.server), [2, 2, 2, 2]);
  assert.deepEqual(browser.server.events, ["e7", "e8"]);
  assert.deepEqual(warnings.map((text) => text.replace(/^tracker: /, "")), ["refused by the server: type `compny` is not declared",
    "the server cannot use what was sent (400): it is dropped", "refused by the server: too deep"]);
});

test("a wrong key loses nothing: it is said once, and tried again", async () => {
  const browser = new Browser(), { tracker, warnings } = browser.ready();
  browser.server.planned = [{ status: 401 }, { status: 401 }];
  tracker.track("e1");
  await browser.clock.advance(10_000);
  assert.deepEqual(browser.server.events, ["e1"]);
  assert.equal(warnings.length, 1);
});

test("a request that hangs is given up after half a minute and repeated", async () => {
  const browser = new Browser(), { tracker } = browser.ready();
  browser.server.planned = [{ status: "hang" }];
  tracker.track("e1");
  await browser.clock.advance(34_000);
  assert.equal(browser.server.requests.length, 1);
  await browser.clock.advance(4000);
  assert.deepEqual(browser.server.events, ["e1"]);
});

test("offline nothing is tried; online again, everything goes at once", async () => {
  const browser = new Browser(), tab = browser.ready();
  browser.online = false;
  numbered(tab.tracker, 1, 60);
  const result = tab.tracker.flush();
  await browser.clock.advance(600_000);
  assert.equal(await result, false);
  tab.hide();
  assert.deepEqual([browser.server.requests.length, browser.beacons.length], [0, 0]);
  browser.goOnline(tab);
  await browser.clock.advance(200);
  assert.deepEqual(browser.server.events, names(1, 60));
});

test("coming online ends the wait for a server that could not be reached", async () => {
  const browser = new Browser(), tab = browser.ready(), { fetch } = browser.server;
  browser.server.fetch = async () => { throw new TypeError("Failed to fetch"); };
  tab.tracker.track("e1");
  await browser.clock.advance(300_000);
  browser.server.fetch = fetch;
  browser.goOnline(tab);
  await browser.clock.advance(100);
  assert.deepEqual(browser.server.events, ["e1"]);
});

test("the queue is bounded in items and bytes; the oldest go, with one warning", async () => {
  const browser = new Browser(), { tracker, warnings } = browser.ready();
  browser.online = false;
  numbered(tracker, 1, 1010);
  assert.deepEqual(browser.storage.lines.map((line) => line.event), names(11, 1010));
  assert.deepEqual(warnings, ["tracker: the queue is full: the oldest calls are dropped"]);
  for (let n = 0; n < 40; n++) tracker.track("large", { n, text: "x".repeat(32_000) });
  const { lines } = browser.storage, held = lines.reduce((sum, line) => sum + JSON.stringify(line).length + 1, 0);
  assert.ok(held <= 1_000_000 && held > 960_000, `${held} bytes are held`);
  assert.equal(lines.at(-1).properties.n, 39);
  browser.online = true;
  await browser.clock.advance(10_000);
  for (const { lines: posted } of browser.server.requests) assert.ok(JSON.stringify(posted).length < 510_000);
  assert.equal(browser.server.stored.length, lines.length);
});

for (const operations of [["setItem"], ["getItem", "setItem", "removeItem", "key"]]) {
  test(`a storage that throws in ${operations.join(", ")} loses nothing`, async () => {
    const browser = new Browser(), { tracker } = browser.ready();
    tracker.identify("ann");
    tracker.group("company", "acme");
    tracker.track("e1");
    operations.forEach((operation) => browser.storage.broken.add(operation));
    tracker.group("team", "core");
    numbered(tracker, 2, 3);
    await browser.clock.advance(10_000);
    browser.storage.broken.clear();
    tracker.track("e4");
    await browser.clock.advance(10_000);
    assert.deepEqual(browser.server.events.sort(), names(1, 4));
    assert.equal(browser.server.duplicates, 0);
    assert.deepEqual(browser.storage.lines, []);
  });
}

test("a storage that is full keeps groups and identity right", async () => {
  const browser = new Browser(), { tracker } = browser.ready();
  tracker.identify("ann");
  browser.storage.broken.add("setItem");
  tracker.group("team", "core");
  tracker.track("e1");
  tracker.reset();
  tracker.track("e2");
  await browser.clock.advance(10_000);
  const [first, second] = browser.server.of("track");
  assert.deepEqual([first.distinct_id, first.groups, second.groups], ["ann", { team: "core" }, {}]);
  assert.match(second.distinct_id, /^anon_/);
});

test("what cannot be removed from the storage is not sent again and again", async () => {
  const browser = new Browser(), { tracker } = browser.ready();
  browser.storage.broken.add("removeItem");
  tracker.track("e1");
  await browser.clock.advance(60_000);
  assert.equal(browser.server.requests.length, 1);
});

test("without any storage, and with one that is forbidden, everything is sent from memory", async () => {
  const browser = new Browser();
  browser.ready(undefined, { localStorage: null }).tracker.track("e1");
  const tab = browser.tab();
  Object.defineProperty(tab.page, "localStorage", { get() { throw new Error("SecurityError"); } });
  tab.tracker.init("wk_1");
  tab.tracker.track("e2");
  await browser.clock.advance(10_000);
  assert.deepEqual(browser.server.events.sort(), names(1, 2));
});

test("nonsense in the storage is no obstacle", async () => {
  const browser = new Browser(), prefix = "trackcrumb https://stats.example.com/v1/batch?key=wk_1 ";
  for (const key of ["identity", "skew", "lease"]) browser.storage.setItem(prefix + key, key === "identity" ? "{" : "soon");
  const { tracker, warnings } = browser.ready();
  tracker.track("e1");
  browser.storage.setItem(`${prefix}lease`, `someone ${browser.clock.now * 2}`);
  await browser.clock.advance(10_000);
  assert.deepEqual(browser.server.events, ["e1"]);
  assert.deepEqual(warnings, []);
});

test("a wrong clock is corrected once the server's date is known, on later pages too, and when it is set right", async () => {
  const browser = new Browser(), { tracker } = browser.ready();
  browser.server.ahead = -7_200_000;
  tracker.track("e1");
  await browser.clock.advance(10_000);
  tracker.track("e2");
  await browser.clock.advance(10_000);
  browser.ready().tracker.track("e3");
  await browser.clock.advance(10_000);
  browser.clock.now -= 7_200_000;
  browser.server.ahead = 0;
  tracker.track("e4");
  await browser.clock.advance(10_000);
  tracker.track("e5");
  await browser.clock.advance(10_000);
  const start = Date.UTC(2026, 0, 3, 10), hours = browser.server.stored.map((line) => (Date.parse(line.timestamp) - start) / 3_600_000);
  // What was said before the first answer, or just after the clock was set, cannot be known better.
  assert.deepEqual(hours.map(Math.round), [0, -2, -2, -4, -2]);
});

test("a clock that is right is left alone, to the millisecond", async () => {
  const browser = new Browser(), { tracker } = browser.ready();
  browser.server.ahead = 4000;
  tracker.track("e1");
  await browser.clock.advance(10_123);
  tracker.track("e2");
  await browser.clock.advance(10_000);
  assert.equal(browser.server.stored[1].timestamp, "2026-01-03T10:00:10.123Z");
});
