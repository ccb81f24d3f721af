// Pages that go away, and several of them at once on one storage.
import assert from "node:assert/strict";
import { test } from "node:test";
import { Browser } from "./browser.mjs";

/** Makes every request take a while; returns how many are under way, and how many were at once, at most. */
function slowly(browser) {
  const { fetch } = browser.server, posts = { open: 0, most: 0 };
  browser.server.fetch = async (...given) => {
    posts.most = Math.max(posts.most, ++posts.open);
    await new Promise((done) => browser.clock.setTimeout(done, 300));
    return fetch(...given).finally(() => { posts.open -= 1; });
  };
  return posts;
}

test("two tabs send everything once, one of them at a time", async () => {
  const browser = new Browser(), tabs = [browser.ready(), browser.ready(), browser.ready()], expected = [];
  const posts = slowly(browser);
  for (let round = 0; round < 40; round++) {
    tabs.forEach(({ tracker }, tab) => {
      for (let n = 0; n < 7; n++) {
        expected.push(`${tab}/${round}/${n}`);
        tracker.track(expected.at(-1));
      }
      if (round % 5 === tab) tracker.flush();
    });
    await browser.clock.advance(173);
  }
  await browser.clock.advance(60_000);
  assert.deepEqual(browser.server.events.sort(), expected.sort());
  assert.equal(browser.server.requests.reduce((sum, request) => sum + request.lines.length, 0), expected.length);
  assert.equal(posts.most, 1);
  assert.deepEqual(browser.storage.lines, []);
});

test("two tabs that both find the lease free do not both send", async () => {
  const browser = new Browser(), late = Object.create(browser.storage);
  // The second tab does not see yet what the first wrote in the same moment.
  let blind = true;
  for (const name of ["key", "setItem", "removeItem"]) late[name] = (...given) => browser.storage[name](...given);
  Object.defineProperty(late, "length", { get: () => browser.storage.length });
  late.getItem = (key) => {
    if (!key.endsWith(" lease") || !blind) return browser.storage.getItem(key);
    blind = false;
    return null;
  };
  const tabs = [browser.ready(), browser.ready(undefined, { localStorage: late })], posts = slowly(browser);
  for (const { tracker } of tabs) {
    tracker.track("e");
    tracker.flush();
  }
  await browser.clock.advance(10_000);
  assert.equal(blind, false);
  assert.deepEqual([browser.server.events, browser.server.duplicates, posts.most], [["e", "e"], 0, 1]);
});

test("a tab that crashed while sending holds the others up for less than a minute, and its lines are sent by them", async () => {
  const browser = new Browser(), first = browser.ready();
  browser.server.planned = [{ status: "hang" }];
  first.tracker.track("of the first");
  await browser.clock.advance(5100);
  assert.equal(browser.server.requests.length, 1);
  first.crash();
  const second = browser.ready();
  second.tracker.track("of the second");
  await browser.clock.advance(20_000);
  assert.equal(browser.server.requests.length, 1);
  await browser.clock.advance(30_000);
  assert.deepEqual(browser.server.events, ["of the first", "of the second"]);
});

test("the next page sends what the last one left, without a call of its own", async () => {
  const browser = new Browser(), first = browser.ready();
  first.tracker.track("left");
  first.crash();
  browser.ready();
  await browser.clock.advance(10_000);
  assert.deepEqual(browser.server.events, ["left"]);
});

test("tabs share who acts and for which groups", async () => {
  const browser = new Browser(), [first, second] = [browser.ready(), browser.ready()];
  second.tracker.track("before");
  first.tracker.identify("ann");
  first.tracker.group("company", "acme");
  second.tracker.track("after");
  second.tracker.reset();
  first.tracker.track("signed out");
  await browser.clock.advance(10_000);
  const events = Object.fromEntries(browser.server.of("track").map((line) => [line.event, line]));
  assert.equal(browser.server.of("alias")[0].alias, events.before.distinct_id);
  assert.deepEqual([events.after.distinct_id, events.after.groups], ["ann", { company: "acme" }]);
  assert.deepEqual(events["signed out"].groups, {});
  assert.match(events["signed out"].distinct_id, /^anon_/);
  assert.notEqual(events["signed out"].distinct_id, events.before.distinct_id);
});

/** Makes the server know only these keys. */
function knows(browser, ...keys) {
  const { server } = browser, handle = server.handle;
  server.handle = (request) => {
    server.planned = keys.includes(request.url.split("?key=")[1]) ? [] : [{ status: 401, headers: { "retry-after": "600" } }];
    return handle.call(server, request);
  };
}

test("trackers with other keys keep apart", async () => {
  const browser = new Browser(), one = browser.ready(), other = browser.tab();
  other.tracker.init("wk_2");
  one.tracker.identify("ann");
  other.tracker.track("e");
  await browser.clock.advance(10_000);
  const request = browser.server.requests.find(({ url }) => url.endsWith("wk_2"));
  assert.deepEqual(request.lines.map((line) => line.event), ["e"]);
  assert.match(request.lines[0].distinct_id, /^anon_/);
});

test("the first page with a new key goes on where the server did not know the old, which stays open", async () => {
  const browser = new Browser(), old = browser.ready();
  knows(browser, "wk_2", "wk_3");
  old.tracker.identify("ann");
  old.tracker.group("company", "acme");
  old.tracker.track("waits");
  await browser.clock.advance(6000);
  assert.deepEqual(browser.server.stored, []);
  for (const key of ["wk_2", "wk_3"]) { // the second is another workspace's
    const { tracker } = browser.tab();
    tracker.init(key);
    tracker.track(`of ${key}`);
    await browser.clock.advance(6000);
  }
  old.tracker.track("later");
  const { tracker } = browser.tab();
  tracker.init("wk_3");
  await browser.clock.advance(6000);
  browser.tab().tracker.init("wk_2");
  await browser.clock.advance(6000);
  const sent = browser.server.requests.filter(({ url }) => !url.endsWith("wk_1"))
    .flatMap(({ url, lines }) => lines.filter(({ event }) => event).map((line) => [url.slice(-4), line.event, line.groups.company]));
  assert.deepEqual(sent, [["wk_2", "waits", "acme"], ["wk_2", "of wk_2", "acme"], ["wk_3", "of wk_3", undefined],
    ["wk_2", "later", "acme"]]);
  assert.deepEqual(browser.storage.lines, []);
});

test("what waits under a key that is only failing, or is known again, has no heir", async () => {
  const browser = new Browser(), tab = browser.ready();
  browser.server.planned = [{ status: 401 }, { status: 200, body: { accepted: 1 } }, { status: 500 }];
  tab.tracker.track("e1");
  await browser.clock.advance(10_000);
  tab.tracker.track("e2");
  await browser.clock.advance(5100);
  tab.crash();
  browser.tab().tracker.init("wk_2");
  await browser.clock.advance(100_000);
  assert.deepEqual(browser.storage.lines.map(({ event }) => event), ["e2"]);
});

test("a page that is hidden hands its lines to a beacon, once", async () => {
  const browser = new Browser(), tab = browser.ready(), other = browser.ready();
  other.tracker.track("of another tab");
  tab.tracker.identify("ann");
  tab.tracker.track("e1");
  tab.hide();
  assert.deepEqual(browser.server.stored.map((line) => line.event ?? line.type), ["alias", "identify", "e1"]);
  const [request] = browser.server.requests;
  assert.deepEqual([request.url, request.type], ["https://stats.example.com/v1/batch?key=wk_1", "text/plain"]);
  tab.show();
  tab.tracker.track("e2");
  tab.leave();
  await browser.clock.advance(20_000);
  assert.deepEqual(browser.server.events, ["e1", "e2", "of another tab"]);
  assert.equal(browser.server.stored.length, browser.server.requests.reduce((sum, { lines }) => sum + lines.length, 0));
  assert.equal(browser.beacons.length, 2);
});

test("beacons have at most 60,000 bytes, and end where the browser takes no more", async () => {
  const browser = new Browser(), tab = browser.ready(), events = Array.from({ length: 12 }, (_, n) => `e${n}`);
  for (const event of events) tab.tracker.track(event, { text: "é".repeat(7450) });
  tab.hide();
  assert.equal(browser.beacons.length, 4);
  for (const body of browser.beacons) assert.ok(Buffer.byteLength(body) <= 60_000, `${Buffer.byteLength(body)} bytes`);
  assert.deepEqual(browser.server.events, events);
  tab.show();
  tab.tracker.track("last");
  browser.beaconWorks = false;
  tab.leave();
  assert.deepEqual(browser.storage.lines.map((line) => line.event), ["last"]);
  browser.ready();
  await browser.clock.advance(10_000);
  assert.deepEqual(browser.server.events, [...events, "last"]);
});

test("a post under way while the page goes is repeated under the same insert ids", async () => {
  const browser = new Browser(), tab = browser.ready(), { fetch } = browser.server;
  browser.server.fetch = (...given) => { fetch(...given); return new Promise(() => {}); };
  tab.tracker.track("e1");
  await browser.clock.advance(5100);
  tab.leave();
  assert.equal(browser.server.duplicates, 1);
  assert.deepEqual(browser.server.events, ["e1"]);
  browser.server.fetch = fetch;
  browser.ready().tracker.track("e2");
  await browser.clock.advance(6000);
  assert.deepEqual(browser.server.events, ["e1", "e2"], "the lease of a page that went is given back");
});

test("while the server fails, lines stay in the storage; without storage, a beacon is their last chance", async () => {
  for (const [localStorage, beacons] of [[undefined, 0], [null, 1]]) {
    const browser = new Browser(), tab = browser.ready(undefined, { localStorage });
    browser.server.planned = [{ status: 500 }];
    tab.tracker.track("e1");
    await browser.clock.advance(5060);
    assert.equal(browser.server.requests.length, 1);
    tab.leave();
    assert.equal(browser.beacons.length, beacons);
    browser.ready();
    await browser.clock.advance(10_000);
    assert.deepEqual(browser.server.events, ["e1"]);
  }
});

test("a page that never tried knows from one before it that the server fails, and risks no beacon", async () => {
  const browser = new Browser(), first = browser.ready();
  browser.server.planned = Array(3).fill({ status: 500 });
  first.tracker.track("e1");
  await browser.clock.advance(5060);
  first.leave();
  const second = browser.ready();
  second.tracker.track("e2");
  second.leave();
  assert.deepEqual([browser.beacons, browser.storage.lines.length], [[], 2]);
  // The next one tries at once, and what is done on it after that goes as ever.
  browser.server.planned = [];
  const third = browser.ready();
  await browser.clock.advance(2000);
  assert.deepEqual(browser.server.events, ["e1", "e2"]);
  third.tracker.track("e3");
  third.leave();
  assert.deepEqual(browser.server.events, ["e1", "e2", "e3"]);
});

// A closed page runs on for a moment after `pagehide`, and Chromium may tell it in there that it is online.
test("a page that goes takes no lease any more, whatever it still hears", async () => {
  const browser = new Browser(), [first, second] = [browser.ready(), browser.ready()];
  browser.online = false;
  first.tracker.track("left");
  first.fire("pagehide");
  browser.goOnline(first);
  await browser.clock.advance(4);
  first.crash();
  browser.goOnline(second);
  await browser.clock.advance(2000);
  assert.deepEqual(browser.server.events, ["left"]);
});

for (const status of [200, 500]) {
  test(`a page that goes in the midst of a post, and still hears the answer ${status}, holds nobody up`, async () => {
    const browser = new Browser(), [first, second] = [browser.ready({ batchSize: 2 }), browser.ready({ flushInterval: 600_000 })];
    const posts = slowly(browser);
    if (status !== 200) browser.server.planned = Array(7).fill({ status }); // the last makes it wait for half a minute
    for (let n = 1; n <= 4; n++) second.tracker.track(`e${n}`);
    first.tracker.flush();
    while (browser.server.planned.length > 1 || !posts.open) await browser.clock.advance(100);
    first.fire("pagehide");
    await browser.clock.advance(400);
    first.crash();
    second.tracker.flush();
    await browser.clock.advance(3000);
    assert.deepEqual(browser.server.events, ["e1", "e2", "e3", "e4"]);
    assert.deepEqual([browser.storage.lines, posts.most], [[], 1]);
  });
}

test("a page that goes while it waits after a failure does not make the others wait", async () => {
  const browser = new Browser(), [first, second] = [browser.ready(), browser.ready()], { fetch } = browser.server;
  browser.server.planned = [{ status: 503, headers: { "retry-after": "1" } }];
  first.tracker.track("e1");
  await browser.clock.advance(5100);
  browser.server.fetch = async () => { throw new TypeError("Failed to fetch"); };
  await browser.clock.advance(120_000);
  first.leave();
  browser.server.fetch = fetch;
  second.tracker.flush();
  await browser.clock.advance(2000);
  assert.deepEqual(browser.server.events, ["e1"]);
});

test("a page whose sendBeacon throws lets go of the lease too", async () => {
  const browser = new Browser(), sendBeacon = () => { throw new Error("blocked"); };
  const [first, second] = [browser.ready(undefined, { navigator: { sendBeacon } }), browser.ready()];
  browser.server.planned = [{ status: "hang" }];
  first.tracker.track("e1");
  await browser.clock.advance(5100);
  first.leave();
  second.tracker.flush();
  await browser.clock.advance(2000);
  assert.deepEqual([browser.server.requests.length, browser.server.events], [2, ["e1"]]);
});

test("what the server asked a page to wait holds for the others when that page is gone", async () => {
  const browser = new Browser(), [first, second] = [browser.ready(), browser.ready()];
  browser.server.planned = [{ status: 503, headers: { "retry-after": "120" } }];
  first.tracker.track("e1");
  await browser.clock.advance(6000);
  first.leave();
  second.tracker.flush();
  browser.ready();
  await browser.clock.advance(113_000);
  assert.equal(browser.server.requests.length, 1);
  await browser.clock.advance(35_000);
  assert.deepEqual(browser.server.events, ["e1"]);
});

test("a page taken from the back/forward cache leaves the lease to the tab that has it, and goes on after it", async () => {
  const browser = new Browser(), first = browser.ready({ batchSize: 2 }), posts = slowly(browser);
  const second = browser.ready({ flushInterval: 600_000 });
  for (let n = 1; n <= 6; n++) second.tracker.track(`e${n}`);
  first.tracker.flush();
  await browser.clock.advance(100);
  first.cache(); // its post is answered, and it does not hear it
  await browser.clock.advance(300);
  second.tracker.flush();
  await browser.clock.advance(100);
  first.restore(); // now it does, while the other posts
  first.tracker.track("back");
  await browser.clock.advance(20_000);
  assert.deepEqual(browser.server.events, ["e1", "e2", "e3", "e4", "e5", "e6", "back"]);
  assert.deepEqual([browser.storage.lines, posts.most], [[], 1]);
});

test("a page taken from the cache waits as the server asked in the answer that it had not heard", async () => {
  const browser = new Browser(), tab = browser.ready();
  slowly(browser);
  browser.server.planned = [{ status: 503, headers: { "retry-after": "120" } }];
  browser.beaconWorks = false;
  tab.tracker.track("e1");
  await browser.clock.advance(5200);
  tab.cache();
  await browser.clock.advance(1000);
  tab.restore();
  await browser.clock.advance(115_000);
  assert.equal(browser.server.requests.length, 1);
  await browser.clock.advance(35_000);
  assert.deepEqual(browser.server.events, ["e1"]);
});

// When the page goes, and how long it then runs on: its timer comes due in the cache, or before, or it was a wait's.
for (const [goes, runs] of [[0, 0], [0, 5100], [5100, 2000]]) {
  test(`a page that goes after ${goes} ms, runs on for ${runs} ms, and is taken from the cache, sends what waits`, async () => {
    const browser = new Browser(), tab = browser.ready();
    browser.server.planned = [{ status: 500 }];
    tab.tracker.track("e1");
    await browser.clock.advance(goes);
    tab.page.navigator.sendBeacon = () => false;
    tab.fire("pagehide");
    await browser.clock.advance(runs);
    tab.cache();
    await browser.clock.advance(60_000);
    assert.equal(browser.server.requests.length, goes ? 1 : 0);
    tab.restore();
    await browser.clock.advance(10_000);
    assert.deepEqual(browser.server.events, ["e1"]);
  });
}
