// A browser of one's own for tests: a clock that only `advance` moves, a storage that tabs share, and tabs, each a
// context of its own in which the script runs as a page would run it.
import { webcrypto } from "node:crypto";
import { readFileSync } from "node:fs";
import vm from "node:vm";
import { StubServer } from "./stub.mjs";

const source = new vm.Script(readFileSync(new URL("../../src/server/sdk/tracker.js", import.meta.url), "utf8"));

export class Clock {
  now = Date.UTC(2026, 0, 3, 10);
  #timers = new Map();
  #next = 1;

  setTimeout = (action, ms = 0, ...given) => {
    this.#timers.set(this.#next, { at: this.now + Number(ms), action: () => action(...given) });
    return this.#next++;
  };

  clearTimeout = (id) => void this.#timers.delete(id);

  /** Lets so many milliseconds pass, with all that is due in them. */
  async advance(ms) {
    const end = this.now + ms;
    for (;;) {
      await settled();
      const due = [...this.#timers].filter(([, timer]) => timer.at <= end).sort((a, b) => a[1].at - b[1].at || a[0] - b[0]);
      if (!due.length) break;
      const [id, { at, action }] = due[0];
      this.#timers.delete(id);
      this.now = Math.max(this.now, at);
      action();
    }
    this.now = end;
  }
}

/** Waits until promises that are not waiting for a timer are done. */
async function settled() {
  for (let i = 0; i < 5; i++) await new Promise(setImmediate);
}

export class SharedStorage {
  items = new Map();
  /** Operations that throw, such as "setItem". */
  broken = new Set();
  #keys;

  #use(operation) {
    if (this.broken.has(operation)) throw new Error("QuotaExceededError");
  }
  get length() { this.#use("key"); return this.items.size; }
  key(i) { this.#use("key"); return (this.#keys ??= [...this.items.keys()])[i] ?? null; }
  getItem(key) { this.#use("getItem"); return this.items.get(key) ?? null; }
  setItem(key, value) { this.#use("setItem"); this.#keys = undefined; this.items.set(key, String(value)); }
  removeItem(key) { this.#use("removeItem"); this.#keys = undefined; this.items.delete(key); }

  /** The lines that wait in it. */
  get lines() {
    return [...this.items].filter(([key]) => key.includes(" line:")).map(([, text]) => JSON.parse(text));
  }
}

export class Browser {
  clock = new Clock();
  storage = new SharedStorage();
  server = new StubServer(() => this.clock.now);
  online = true;
  /** Bodies handed to sendBeacon; they reach the server unless `beaconWorks` is off. */
  beacons = [];
  beaconWorks = true;

  /** Opens a page with the script in it. */
  tab({ script = { src: "https://stats.example.com/tracker.js", dataset: {} }, navigator = {}, localStorage } = {}) {
    const browser = this, listeners = {}, warnings = [];
    const held = [];
    let state = "running";
    /** Runs an action of the page: now, when it is taken from the cache, or never. */
    const inPage = (action) => { if (state === "running") action(); else if (state === "cached") held.push(action); };
    const listen = (name, action) => (listeners[name] ??= []).push(action);
    const page = {
      console: { warn: (text) => warnings.push(text), debug() {} },
      setTimeout: (action, ms, ...given) => this.clock.setTimeout(() => inPage(() => action(...given)), ms),
      clearTimeout: this.clock.clearTimeout,
      fetch: (...given) => this.server.fetch(...given).finally(() => new Promise(inPage)),
      localStorage: localStorage === undefined ? this.storage : localStorage,
      location: { href: "https://app.example.com/plans?token=secret#top", pathname: "/plans" },
      document: { currentScript: script, title: "Plans", referrer: "https://search.example.com/?q=us",
        visibilityState: "visible", addEventListener: listen },
      addEventListener: listen,
      navigator: {
        get onLine() { return browser.online; },
        sendBeacon(url, body) {
          browser.beacons.push(body);
          if (browser.beaconWorks) browser.server.handle({ url, type: "text/plain", body });
          return browser.beaconWorks;
        },
        ...navigator,
      },
      URL, TextEncoder, AbortController, crypto: webcrypto,
    };
    vm.createContext(page);
    page.now = () => this.clock.now;
    vm.runInContext("Date.now = now", page);
    source.runInContext(page);
    const fire = (name) => (listeners[name] ?? []).forEach((action) => action());
    return {
      page, warnings, fire, tracker: page.tracker,
      hide() { page.document.visibilityState = "hidden"; fire("visibilitychange"); },
      show() { page.document.visibilityState = "visible"; fire("visibilitychange"); },
      /** The page goes, and nothing of it runs any more. */
      leave() { fire("pagehide"); state = "gone"; },
      /** The same without a word: a crash. */
      crash() { state = "gone"; },
      /** The page goes into the back/forward cache: nothing of it runs until `restore`. */
      cache() { fire("pagehide"); state = "cached"; },
      /** It is taken from there; what became due meanwhile runs. */
      restore() {
        state = "running";
        fire("pageshow");
        held.splice(0).forEach((action) => action());
      },
    };
  }

  /** A page whose tracker is ready. */
  ready(options, rest) {
    const tab = this.tab(rest);
    tab.tracker.init("wk_1", options);
    return tab;
  }

  goOnline(...tabs) {
    this.online = true;
    tabs.forEach((tab) => tab.fire("online"));
  }
}
