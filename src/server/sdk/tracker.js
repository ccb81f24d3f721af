// The client of trackcrumb for browsers and Node 18+: calls become lines in a queue, lines are posted to /v1/batch.
// A classic script (defines `tracker`) and a CommonJS module in one file. README.md beside it is the manual.
(function (root) {
  "use strict";

  // What the server takes, in bytes of UTF-8.
  const EVENT_BYTES = 200, USER_BYTES = 400, TYPE_BYTES = 100, KEY_BYTES = 400, PROPERTIES_BYTES = 32768, DEPTH = 64;
  // The queue, a post and a beacon. Browsers refuse more than 64 KiB in beacons under way.
  const QUEUE_ITEMS = 1000, QUEUE_BYTES = 1e6, POST_BYTES = 5e5, BEACON_BYTES = 60000;
  // Milliseconds. A lease outlives the request made under it.
  const REQUEST = 30000, LEASE = 40000, LOOK = 1000, FLUSH = 10000;
  const BACKOFF = 1000, BACKOFF_MAX = 60000, WAIT_MAX = 3600000;
  // A clock this far off is corrected; less is the noise of `Date`, which counts whole seconds.
  const SKEW_MIN = 5000;
  // Ids that many people share by accident: joining them would make one user of all those people.
  const SHARED = ("null undefined none nil nan anonymous anon guest unknown user id distinct_id distinctid email " +
    "not_authenticated true false 0 -1 1").split(" ").concat("[object object]");

  const browser = root.navigator || {};
  const script = root.document && root.document.currentScript;
  const bytes = (text) => new TextEncoder().encode(text).length;

  function random() {
    const words = new Uint32Array(4);
    if (root.crypto) root.crypto.getRandomValues(words);
    else words.forEach((_, i) => { words[i] = Math.random() * 2 ** 32; }); // Node 18
    return Array.from(words, (word) => word.toString(16).padStart(8, "0")).join("");
  }

  // Half a surrogate pair (text cut inside an emoji) is no Unicode and would be refused: U+FFFD takes its place.
  // JSON.stringify leaves it as an escape; each match here takes one whole escape, so `\\ud800` stays as it is.
  const json = (value) =>
    JSON.stringify(value).replace(/\\(ud[89a-f]..|[^])/g, (all, escape) => (escape[1] ? "\ufffd" : all));

  // Checked arguments. What they throw becomes one warning.
  function name(what, value, max) {
    const text = Number.isFinite(value) ? String(value) : value;
    if (typeof text !== "string" || /^\p{White_Space}*$/u.test(text) || bytes(text) > max)
      throw new Error(`${what} must be a string that is not blank, of at most ${max} bytes`);
    return text;
  }

  function object(what, value) {
    if (value === undefined || value === null) return undefined;
    const text = typeof value === "object" ? json(value) : "";
    if (text[0] !== "{") throw new Error(`${what}: properties must be an object`);
    if (bytes(text) > PROPERTIES_BYTES) throw new Error(`${what}: properties take more than ${PROPERTIES_BYTES} bytes`);
    const copy = JSON.parse(text);
    if (depth(copy) > DEPTH) throw new Error(`${what}: properties are nested deeper than ${DEPTH}`);
    return copy;
  }

  const depth = (value) =>
    value && typeof value === "object" ? 1 + Object.values(value).reduce((most, v) => Math.max(most, depth(v)), 0) : 0;

  // Storage that may be missing, full or forbidden: what it does not take stays in memory.
  function openStore(storage, prefix) {
    const memory = new Map(), gone = new Set();
    const attempt = (action, otherwise) => { try { return action(); } catch { return otherwise(); } };
    return {
      inMemory: (key) => memory.has(key),
      get: (key) => memory.has(key) ? memory.get(key) : attempt(() => storage.getItem(prefix + key), () => null),
      set: (key, value) => attempt(() => { storage.setItem(prefix + key, value); memory.delete(key); },
        () => memory.set(key, value)),
      remove(key) {
        memory.delete(key);
        attempt(() => storage.removeItem(prefix + key), () => gone.add(key)); // never to be sent again and again
      },
      keys(start) {
        const found = new Set([...memory.keys()].filter((key) => key.startsWith(start)));
        attempt(() => {
          for (let i = 0; i < storage.length; i++) {
            const key = storage.key(i);
            if (key.startsWith(prefix + start)) found.add(key.slice(prefix.length));
          }
        }, () => {});
        return [...found].filter((key) => !gone.has(key)).sort();
      },
    };
  }

  function create() {
    const tab = random(), warned = new Set(), early = [], waiters = [];
    let store, url, options, shared;   // set by init; `shared`: other tabs may use the same storage
    let off = false;                   // the visitor asked not to be tracked
    let timer, running = false, waiting = false, failures = 0;
    let away = false;                  // the page has gone; it may come back from the browser's cache
    let unreachable = false;           // the last failure was that nothing answered
    let asked = 0;                     // milliseconds that the server asked to wait with the last failure
    let most, stamp = 0;               // most lines in a post; the last line's microseconds, kept apart and rising
    let count = 0, held = 0;           // lines in the queue and their bytes, as far as this tab knows
    let calledAt = 0;                  // when a call was made that had to wait for init

    const debug = (...what) => options && options.debug && console.debug("tracker:", ...what);
    function warn(text) {
      if (warned.has(text) || warned.size > 100) return;
      warned.add(text);
      console.warn("tracker: " + text);
    }

    // Who acts. Read from the store each time, as another tab may have signed in or out.
    function identity() {
      let known;
      try { known = JSON.parse(store.get("identity")); } catch { /* as if there were none */ }
      return known && known.anonymous && known.groups ? known : nobody();
    }
    const nobody = () => save({ anonymous: "anon_" + random(), user: null, groups: {} });
    function save(known) {
      store.set("identity", json(known));
      return known;
    }

    // Every line has its own key in the store, so tabs never overwrite each other. The key sorts by time, is the
    // line's insert id (which makes repeats harmless) and ends with the line's size.
    const size = (key) => Number(key.slice(key.lastIndexOf(".") + 1)) || 0;
    function queued() {
      const keys = store.keys("line:");
      count = keys.length;
      held = keys.reduce((sum, key) => sum + size(key), 0);
      return keys;
    }

    function push(line) {
      const now = calledAt || Date.now();
      stamp = Math.max(stamp + 1, now * 1000);
      const id = `${stamp.toString(36).padStart(11, "0")}-${tab}`;
      line.timestamp = new Date(now + (Number(store.get("skew")) || 0)).toISOString();
      if (line.type === "track") line.insert_id = id;
      const text = json(line);
      const length = bytes(text) + 1;
      store.set(`line:${id}.${length}`, text);
      debug("queued", text);
      count += 1;
      held += length;
      if (count > QUEUE_ITEMS || held > QUEUE_BYTES) trim();
      plan(count >= options.batchSize ? 0 : options.flushInterval);
    }
    function trim() {
      for (const key of queued()) {
        if (count <= QUEUE_ITEMS && held <= QUEUE_BYTES) return;
        warn("the queue is full: the oldest calls are dropped");
        store.remove(key);
        count -= 1;
        held -= size(key);
      }
    }

    // The first keys that fit in one body.
    function piece(keys, items, limit) {
      let room = limit;
      const end = keys.findIndex((key, i) => (room -= size(key)) < 0 && i > 0);
      return keys.slice(0, Math.min(items, end < 0 ? keys.length : end));
    }
    const body = (keys) => keys.map(store.get).filter(Boolean).join("\n");

    // One timer. While waiting after a failure nothing shortens it, but coming online where that was the failure.
    function plan(ms) {
      if (running || waiting || (timer && ms)) return;
      clearTimeout(timer);
      timer = setTimeout(run, ms);
    }

    async function run() {
      timer = undefined;
      waiting = false;
      if (away) return; // a page that goes runs on for a moment, in which it must not take the lease with it
      running = true;
      let wait;
      try { wait = await deliver(); } catch (error) { wait = backOff(error); }
      running = false;
      if (wait === undefined) return plan(LOOK);
      if (wait === 0 && queued().length) return plan(0);
      waiters.splice(0).forEach((settle) => settle(wait === 0));
      if (wait === 0 || wait === Infinity) return;
      waiting = true;
      timer = setTimeout(run, wait);
      if (timer.unref) timer.unref(); // a server that is down does not keep a Node process alive
    }

    // What this page, earlier ones or other tabs left.
    const resume = () => queued().length && plan(store.get("failing") ? 0 : options.flushInterval);

    // Posts until the queue is empty. Milliseconds to wait after a failure, 0 when all is delivered, Infinity until the
    // browser is online, undefined while another tab sends.
    async function deliver() {
      if (!queued().length) return 0;
      if (browser.onLine === false) return Infinity;
      if (!(await claim())) return undefined;
      for (;;) {
        const keys = piece(queued(), most, POST_BYTES);
        const wait = keys.length && (await post(keys));
        // Let go meanwhile, as the page went, or run out, as it slept: another tab may be sending.
        if (shared && leased() !== tab) return wait || undefined;
        // A lease kept while waiting makes the other tabs wait too; what the server asked for, when this one is gone too.
        if (wait) lease(wait, asked ? "server" : tab);
        else if (!keys.length) release();
        else { lease(LEASE); continue; }
        return wait;
      }
    }

    // One tab at a time sends. Storage has no compare-and-swap: write, give others time to write too, and see who won.
    const lease = (ms, owner = tab) => shared && store.set("lease", `${owner} ${Date.now() + ms}`);
    const release = () => leased() === tab && store.remove("lease");
    function leased() {
      const [owner, until] = (store.get("lease") || "").split(" ");
      const left = until - Date.now();
      return left > 0 && left <= WAIT_MAX * 1.2 ? owner : undefined; // a lease from a wrong clock counts for nothing
    }
    async function claim() {
      if (!shared) return true;
      if ((leased() || tab) !== tab) return false;
      lease(LEASE);
      await new Promise((resolve) => setTimeout(resolve, 25 + Math.random() * 25));
      return leased() === tab;
    }

    function backOff(reason) {
      debug("failed", reason);
      store.set("failing", "1"); // later pages need not find out by a beacon that is lost
      unreachable = typeof reason !== "number"; // no status: nothing answered
      asked = 0;
      return Math.min(BACKOFF_MAX, BACKOFF * 2 ** failures++) * (0.5 + Math.random() / 2);
    }

    // 0 to go on, or milliseconds to wait.
    async function post(keys) {
      const text = body(keys), sent = Date.now(), control = new AbortController();
      const timeout = setTimeout(() => control.abort(), REQUEST);
      let response, answer;
      try {
        // Text without own headers needs no preflight.
        response = await root.fetch(url, { method: "POST", body: text, signal: control.signal, credentials: "omit",
          headers: { "Content-Type": "text/plain" } });
        answer = await response.json();
      } catch (error) {
        if (!response) return backOff(error);
      } finally {
        clearTimeout(timeout);
      }
      const status = response.status, header = (field) => response.headers.get(field);
      debug("posted", keys.length, status, answer);
      learnSkew(Date.parse(header("Date")), sent, Date.now());
      // A network's sign-in page answers 200 too, but not like the server.
      const taken = status === 200 && answer && typeof answer.accepted === "number";
      if (status === 413 && keys.length > 1) {
        most = keys.length >> 1;
      } else if (taken || status === 400 || status === 413) {
        const refused = (answer && answer.refused) || [];
        refused.forEach(({ reason }) => warn("refused by the server: " + reason));
        if (!taken && !refused.length) warn(`the server cannot use what was sent (${status}): it is dropped`);
        keys.forEach(store.remove);
        ["failing", "unknown"].forEach(store.remove);
        failures = 0;
        most = Math.min(options.batchSize, most * 2);
      } else {
        if ((status === 401 || status === 403) && !store.get("unknown")) store.set("unknown", "nobody");
        if (status < 500 && status !== 429) warn(`the server answers ${status}: are host and key right?`);
        const after = header("Retry-After"), now = Date.parse(header("Date")) || Date.now();
        const wait = backOff(status);
        asked = Math.max(0, /^\d+$/.test(after) ? after * 1000 : Date.parse(after) - now) || 0;
        return asked ? Math.min(asked, WAIT_MAX) * (1 + Math.random() / 5) : wait;
      }
      return 0;
    }

    // Lines keep the timestamp they were queued with: a repeat must be recognised by it.
    function learnSkew(server, sent, received) {
      const skew = Math.round(server + 500 - (sent + received) / 2);
      if (Number.isFinite(skew)) store.set("skew", Math.abs(skew) > SKEW_MIN + Math.abs(received - sent) ? skew : 0);
    }

    // The page may be going: hands this tab's lines to the browser. After a failure they are safer in the storage.
    function beacon() {
      if (!browser.sendBeacon || browser.onLine === false) return;
      const failing = failures || store.get("failing");
      let keys = queued().filter((key) => key.includes(tab) && (!failing || store.inMemory(key)));
      while (keys.length) {
        const some = piece(keys, QUEUE_ITEMS, BEACON_BYTES);
        if (!browser.sendBeacon(url, body(some))) return;
        some.forEach(store.remove);
        keys = keys.slice(some.length);
      }
    }

    const calls = {
      identify(id, properties) {
        const user = name("identify: id", id, USER_BYTES);
        if (SHARED.includes(user.trim().toLowerCase())) throw new Error(`identify: many people share the id ${user}`);
        const given = object("identify", properties), known = identity();
        if (known.user !== user) {
          // Only the first person of this anonymous id is joined to it; groups do not pass from one person to another.
          const { anonymous } = known, first = !known.user && user !== anonymous;
          save({ anonymous, user, groups: known.user ? {} : known.groups });
          if (first) push({ type: "alias", distinct_id: user, alias: anonymous });
        }
        if (given || known.user !== user) push({ type: "identify", distinct_id: user, properties: given });
      },
      group(type, key, properties) {
        const group_type = name("group: type", type, TYPE_BYTES), known = identity();
        const others = Object.entries(known.groups).filter(([other]) => other !== group_type);
        if (key === null) return void save({ ...known, groups: Object.fromEntries(others) });
        const group_key = name("group: key", key, KEY_BYTES), given = object("group", properties);
        save({ ...known, groups: Object.fromEntries([...others, [group_type, group_key]]) });
        push({ type: "group", distinct_id: known.user || known.anonymous, group_type, group_key, properties: given });
      },
      track(event, properties) {
        if (event === "*") throw new Error("track: `*` is no name for an event");
        name("track: event", event, EVENT_BYTES);
        const given = object("track", properties), known = identity();
        push({ type: "track", distinct_id: known.user || known.anonymous, event: String(event),
          groups: known.groups, properties: given });
      },
      page(title, properties) {
        const [named, given] = title && typeof title === "object" ? [undefined, title] : [title, properties];
        const own = object("page", given), { location, document } = root;
        // Queries and fragments may hold secrets, such as tokens of sign-in links.
        const bare = (address) => (address || "").split(/[?#]/)[0] || undefined;
        calls.track("page_viewed", { name: named, ...(location && document && { url: bare(location.href),
          path: location.pathname, title: document.title, referrer: bare(document.referrer) }), ...own });
      },
      reset: nobody,
    };

    // Nothing is thrown into the page, and calls before init wait for it.
    const guarded = (call) => (...given) => {
      try {
        if (off) return;
        if (store) calls[call](...given);
        else if (early.push([call, given, Date.now()]) > QUEUE_ITEMS) early.shift();
      } catch (error) {
        warn(error.message);
      }
    };

    function init(key, given) {
      try {
        if (store) throw new Error("init was called before; this call does nothing");
        start(key, given || {});
      } catch (error) {
        return warn(error.message);
      }
      for (const [call, values, at] of early.splice(0)) {
        calledAt = at;
        guarded(call)(...values);
      }
      calledAt = 0;
      resume();
    }

    function start(key, { host = script && script.src && new URL(script.src).origin, storage,
      flushInterval = 5000, batchSize = 50, respectDoNotTrack = false, debug = false }) {
      if (!host) throw new Error("init: `host` is needed here, such as https://analytics.example.com");
      if (!(flushInterval >= 0 && batchSize >= 1)) throw new Error("init: flushInterval or batchSize is out of range");
      const { origin, pathname } = new URL(host);
      const address = origin + pathname.replace(/\/+$/, "") + "/v1/batch";
      url = address + (key ? "?key=" + encodeURIComponent(key) : "");
      try { if (storage === undefined && root.document) storage = root.localStorage; } catch { /* forbidden: memory */ }
      most = Math.min(Math.floor(batchSize), QUEUE_ITEMS);
      options = { flushInterval, batchSize: most, debug };
      store = openStore(storage, `trackcrumb ${url} `);
      shared = Boolean(storage);
      const asked = [browser.doNotTrack, root.doNotTrack].some((answer) => answer === "1" || answer === "yes");
      off = respectDoNotTrack && (asked || browser.globalPrivacyControl === true);
      if (off) return store.keys("").forEach(store.remove);
      inherit(openStore(storage, `trackcrumb ${address}`));
      listen();
    }

    // Keys stand for workspaces and keep apart. But where the server does not know a key, the first page with a new one
    // is the heir of what waits under the old: of who acts, and of the lines then and later.
    function inherit(all) {
      const keys = all.keys(""), fresh = !store.get("identity");
      for (const mark of keys.filter((key) => key.endsWith(" unknown"))) {
        const heir = all.get(mark), prefix = mark.slice(0, -"unknown".length);
        if (heir !== url && !(heir === "nobody" && fresh)) continue;
        all.set(mark, url);
        if (fresh) store.set("identity", all.get(`${prefix}identity`));
        for (const key of keys.filter((other) => other.startsWith(`${prefix}line:`))) {
          store.set(key.slice(prefix.length), all.get(key));
          all.remove(key);
        }
      }
    }

    function listen() {
      if (!root.addEventListener) return;
      const safely = (action) => () => { try { action(); } catch (error) { warn(error.message); } };
      root.addEventListener("online", () => { waiting = waiting && !unreachable; plan(0); });
      root.addEventListener("pagehide", safely(() => {
        away = true;
        try { beacon(); } finally { release(); }
      }));
      root.addEventListener("pageshow", safely(() => { away = false; resume(); }));
      if (root.document) root.document.addEventListener("visibilitychange", safely(() => {
        if (root.document.visibilityState === "hidden") beacon();
      }));
    }

    function flush() {
      if (!store || off) return Promise.resolve(off);
      return new Promise((resolve) => {
        const late = setTimeout(resolve, FLUSH, false);
        waiters.push((done) => { clearTimeout(late); resolve(done); });
        plan(0);
      });
    }

    const methods = Object.fromEntries(Object.keys(calls).map((call) => [call, guarded(call)]));
    return { init, ...methods, flush, create };
  }

  const tracker = create();
  if (typeof module === "object" && module.exports) module.exports = tracker;
  else root.tracker = tracker;
  if (script && script.dataset && script.dataset.key !== undefined) tracker.init(script.dataset.key);
})(globalThis);
