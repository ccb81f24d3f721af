// Home, profiles, users, events and settings in a browser: numbers are those of the API, names are text, whatever they
// are, the feed goes on, and everything fits phones.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { expectAccessible, expectNoSidewaysScroll, expectSmall, look, screens } from "./support/look.mjs";
import { Server } from "./support/server.mjs";
import { until } from "./support/until.mjs";
import { Visitor } from "./support/visitor.mjs";

const hostile = `<img src=x onerror="document.title='broken'"><script>document.title='broken'</script>&amp;"'/?#%`;
const day = 86_400_000;
let server;

before(async () => {
  server = await Server.start({ keys: false });
});
after(() => server.close());

/** A visitor, gone after the test. */
async function arrive(t, settings) {
  const visitor = await Visitor.arrive(undefined, settings);
  t.after(() => visitor.leave());
  return visitor;
}

async function send(lines) {
  const response = await fetch(`${server.origin}/v1/batch`, { method: "POST", body: JSON.stringify(lines) });
  assert.deepEqual((await response.json()).refused, []);
}

/** Three months of three companies, the last of which, like its user, has a name that would rather be markup. */
async function fill() {
  const companies = ["acme-corp", "globex", hostile];
  const plans = ["team", "business", "enterprise"];
  const lines = companies.flatMap((company, n) => plans.map((plan, version) => (
    { type: "group", group_type: "company", group_key: company, timestamp: Date.now() - (60 - 20 * version) * day,
      properties: { name: company === hostile ? hostile : `The ${company}`, plan, seats: 10 * (n + version), [hostile]: hostile } }
  )));
  for (let n = 0; n < 900; n++) {
    const company = companies[n % 3];
    const user = company === hostile ? hostile : `user-${n % 40}`;
    lines.push({ type: "track", distinct_id: user, event: n % 9 ? "feature_used" : hostile, timestamp: Date.now() - (n * day) / 15,
      groups: { company }, properties: { feature: ["pivot", "ai_chart"][n % 2], ms: n } });
  }
  lines.push({ type: "identify", distinct_id: "user-1", properties: { name: "Ada Park", role: "admin" } });
  lines.push({ type: "track", distinct_id: "ann", event: "newsletter_signup" });
  await send(lines);
}

const texts = (page, selector) => page.locator(selector).allTextContents();
const number = (text) => Number(text.replaceAll(",", ""));

test("an empty workspace says how to send, and turns into its home", async (t) => {
  const visitor = await arrive(t);
  const page = await look(visitor, `${server.origin}/`);
  const [browser, curl] = await texts(page, "pre");
  assert.ok(browser.includes(`<script src="${server.origin}/tracker.js">`), browser);
  assert.ok(curl.includes(`curl ${server.origin}/v1/track`), curl);
  await expectAccessible(page);
  await visitor.screenshot(page, "home-empty");
  await fill();
  await page.getByRole("heading", { name: "Live" }).waitFor();
});

test("home shows the API's figures, and the feed goes on until it is paused", async (t) => {
  const visitor = await arrive(t);
  const page = await look(visitor, `${server.origin}/?group=company`);
  const home = await server.get("/api/home?group=company");
  const shown = (await texts(page, ".kpi .val")).map(number);
  assert.deepEqual(shown, [home.events_today, home.events_week, home.active_today, home.new_units].map(({ value }) => value));
  assert.deepEqual(await texts(page, "section[aria-labelledby=by-volume] .num"),
    home.events.map(({ count }) => count.toLocaleString("en")));
  assert.equal((await texts(page, "section[aria-labelledby=most-active] a"))[0], home.most_active[0].name);
  assert.equal(await page.locator("main img, main script").count(), 0);
  const first = () => page.locator("[data-feed] li:first-child > a:first-child").textContent();
  await send([{ type: "track", distinct_id: hostile, event: `live ${hostile}`, groups: { company: hostile } }]);
  await until("the event in the feed", first, (name) => name === `live ${hostile}`);
  await expectAccessible(page);
  await page.getByRole("button", { name: "Pause" }).click();
  await send([{ type: "track", distinct_id: "ann", event: "after the pause" }]);
  await page.waitForTimeout(2_500);
  assert.equal(await first(), `live ${hostile}`);
  await page.getByRole("button", { name: "Pause" }).click();
  await until("the event after the pause", first, (name) => name === "after the pause");
  assert.equal(await page.locator("[data-feed] li").count(), 9);
  await page.locator("[data-feed] li:nth-child(2) .who a").last().click();
  assert.equal(await page.locator("h1").textContent(), hostile);
  await page.goBack();
  await page.getByLabel("Count by").selectOption("");
  await page.getByRole("heading", { name: "Most active users" }).waitFor();
});

test("a profile tells what a company is, was and does", async (t) => {
  const visitor = await arrive(t);
  const page = await look(visitor, `${server.origin}/groups/company/acme-corp`);
  const profile = await server.get("/api/groups/company/acme-corp");
  assert.equal(await page.locator("h1").textContent(), "The acme-corp");
  const { series } = await server.ask({
    report: "trends", from: "-29d", to: "now", filter: { group: "company", key: ["acme-corp"] },
    series: [{ measure: "unique" }, { measure: "total" }].map((rest) => ({ event: "*", ...rest })),
  });
  const values = await texts(page, ".kpi .val");
  assert.deepEqual(values.slice(0, 3).map(number), [profile.members.length, series[0].total, series[1].total]);
  const plan = page.locator("details", { hasText: "plan" });
  await plan.locator("summary").click();
  assert.deepEqual((await plan.locator("ol li .pv").allTextContents()), ["enterprise", "business", "team"]);
  assert.equal(await page.locator("section[aria-labelledby=members] tbody tr").count(), Math.min(10, profile.members.length));
  await expectAccessible(page);
  await page.getByLabel("As of").fill(new Date(Date.now() - 30 * day).toISOString().slice(0, 10));
  await page.getByRole("button", { name: "Show" }).click();
  await page.getByText("As they were at the end of").waitFor();
  assert.match(await page.locator("ul.plist").textContent(), /business2 versions/);
  await page.getByRole("link", { name: "user-", exact: false }).first().click();
  await page.waitForURL(/\/users\/user-/);
  await page.getByRole("link", { name: "acme-corp" }).first().click();
  await page.waitForURL(/\/groups\/company\/acme-corp/);
});

test("lists are sorted, filtered and turned in both directions", async (t) => {
  const visitor = await arrive(t);
  const page = await look(visitor, `${server.origin}/users`);
  const { total } = await server.get("/api/users?limit=1");
  const told = () => page.locator(".pager > span").textContent();
  assert.equal(await told(), `1–20 of ${total}`);
  await page.getByRole("link", { name: "Next" }).click();
  assert.match(await told(), /^21–/);
  await page.getByRole("link", { name: "Previous" }).click();
  assert.equal(await told(), `1–20 of ${total}`);
  await page.getByRole("link", { name: "User", exact: true }).click();
  assert.equal(await page.locator("th[aria-sort=ascending]").textContent(), "User ");
  await page.getByRole("button", { name: "Filter by property" }).click();
  await page.getByLabel("Property", { exact: true }).fill("role");
  await page.getByLabel("Value").fill("admin");
  await expectAccessible(page);
  await visitor.screenshot(page, "users-filter");
  await page.getByRole("button", { name: "Add the filter" }).click();
  assert.deepEqual(await texts(page, "tbody th"), ["user-1"]);
  assert.equal(await told(), `1–1 of 1 (${total - 1} not matching)`);
  await page.getByRole("link", { name: "Remove the filter role is admin" }).click();
  assert.equal(await told(), `1–20 of ${total}`);
});

test("events are listed with what looks wrong on top", async (t) => {
  const visitor = await arrive(t);
  const page = await look(visitor, `${server.origin}/events`);
  const { events } = await server.get("/api/events?days=29");
  assert.deepEqual(await texts(page, "tbody th"), events.map(({ event }) => event));
  assert.deepEqual((await texts(page, "tbody td:nth-child(2)")).map(number), events.map(({ lately }) => lately));
  assert.match(await page.getByRole("note").textContent(), /newsletter_signup is never sent with a company/);
  await page.getByRole("link", { name: "With warnings" }).click();
  assert.ok((await texts(page, "tbody th")).includes("newsletter_signup"));
  await page.getByRole("searchbox").fill("feature");
  await page.keyboard.press("Enter");
  await page.getByText("No event matches").waitFor();
  await page.getByRole("link", { name: "Show all" }).click();
  await page.getByRole("link", { name: "feature_used" }).first().click();
  const used = events.find(({ event }) => event === "feature_used");
  assert.equal(number((await texts(page, ".kpi .val"))[0]), used.lately);
  assert.deepEqual(await texts(page, "tbody th"), ["feature", "ms"]);
});

test("a key is shown once, and a user goes only after it was said what would go", async (t) => {
  const visitor = await arrive(t);
  const page = await look(visitor, `${server.origin}/settings`);
  await page.getByLabel("Another type").fill("team");
  await page.getByLabel("Its name for people").fill("Teams");
  await page.getByRole("button", { name: "Declare", exact: true }).last().click();
  await page.getByRole("status").waitFor();
  await page.getByLabel("Exact id or key").or(page.getByLabel("Who")).fill("ann");
  await page.getByRole("button", { name: "Look up" }).click();
  await page.getByRole("heading", { name: "Delete the user ann?" }).waitFor();
  assert.match(await page.locator(".goes").textContent(), /2 events go/);
  await expectAccessible(page);
  await visitor.screenshot(page, "settings-delete");
  await page.getByRole("button", { name: "Delete for good" }).click();
  await page.getByRole("status").waitFor();
  assert.equal((await fetch(`${server.origin}/api/users/ann`)).status, 404);
  await page.getByLabel("New key").fill(hostile);
  await page.getByRole("button", { name: "Make a key" }).click();
  const [key, browser] = await texts(page, "pre");
  assert.match(key, /^tcw_[0-9a-f]{48}$/);
  assert.ok(browser.includes(`tracker.init("${key}");`) && browser.includes(`${server.origin}/tracker.js`), browser);
  await expectAccessible(page);
  await visitor.screenshot(page, "settings-key");
  await page.goto(`${server.origin}/settings`);
  assert.equal(await page.locator("pre").count(), 0);
  await page.getByRole("button", { name: "Take back the key" }).click();
  await page.getByRole("button", { name: "Take it back" }).click();
  await page.getByRole("status").waitFor();
  assert.deepEqual((await server.get("/api/keys")).keys, []);
});

for (const theme of ["light", "dark"]) {
  test(`these pages fit phones and read well, ${theme}`, async (t) => {
    const visitor = await arrive(t);
    const odd = encodeURIComponent(hostile);
    for (const [name, path] of Object.entries({
      home: "/?group=company", profile: "/groups/company/acme-corp", "profile-odd": `/groups/company/${odd}`, companies: "/groups/company",
      users: "/users", user: "/users/user-1", "user-odd": `/users/${odd}`, events: "/events", event: "/events/feature_used",
      "event-odd": `/events/${odd}`, settings: "/settings",
    })) {
      for (const [size, screen] of Object.entries(screens)) {
        const page = await look(visitor, server.origin + path, { screen, theme });
        await expectNoSidewaysScroll(page);
        await expectSmall(page);
        if (size !== "small") {
          await expectAccessible(page);
          await visitor.screenshot(page, `${name}-${size}-${theme}`);
        }
        await page.close();
      }
    }
  });
}

test("without scripts all of it is there but the feed", async (t) => {
  const visitor = await arrive(t, { javaScriptEnabled: false });
  const page = await look(visitor, `${server.origin}/`);
  await page.getByLabel("Count by").selectOption("company");
  await page.getByRole("button", { name: "Apply" }).click();
  await page.getByRole("heading", { name: "Most active companies" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Pause" }).count(), 0);
  assert.equal(await page.locator(".plot svg").count(), 1);
  await page.goto(`${server.origin}/groups/company`);
  await page.getByRole("button", { name: "Filter by property" }).click();
  await page.getByLabel("Property", { exact: true }).fill("plan");
  await page.getByLabel("Value").fill("enterprise");
  await page.getByRole("button", { name: "Add the filter" }).click();
  assert.equal(await page.locator("tbody th").count(), 3);
});
