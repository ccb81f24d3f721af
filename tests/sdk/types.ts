// What must compile and what must not; `tests/sdk/types.sh` runs the compiler over it.
import tracker from "../../src/server/sdk/tracker.js";
import type { Options, Tracker } from "../../src/server/sdk/tracker.js";

interface Plan { plan: string; seats?: number }
const plan: Plan = { plan: "enterprise" };
const options: Options = { host: "https://stats.example.com", flushInterval: 1000, storage: null, debug: undefined };

tracker.init("wk_1", options);
tracker.init();
tracker.init(undefined, { host: "http://127.0.0.1:8080" });
tracker.identify("user_42");
tracker.identify(42, { role: "admin", tags: ["a"], nested: { when: new Date() } });
tracker.group("company", "acme-corp", plan);
tracker.group("company", null);
tracker.track("feature_used", { feature: "ai_chart" });
tracker.page();
tracker.page("Pricing", plan);
tracker.page({ plan: "free" });
tracker.reset();
const taken: Promise<boolean> = tracker.flush();
const other: Tracker = tracker.create();
const { track } = other;
track("without this");
void taken;

// @ts-expect-error: an event needs a name
tracker.track();
// @ts-expect-error: a name is text
tracker.track({ event: "e" });
// @ts-expect-error: properties are an object
tracker.track("e", "text");
// @ts-expect-error: a group needs a key
tracker.group("company");
// @ts-expect-error: what is dropped has no properties
tracker.group("company", null, {});
// @ts-expect-error: an id is not nothing
tracker.identify(null);
// @ts-expect-error: options are known by name
tracker.init("wk_1", { flushIntervall: 1 });
