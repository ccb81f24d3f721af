// Dashboards and saved reports in a browser: numbers are those of the API, names are text, forms work with and without
// a script, and everything fits phones. One server for the file; each test makes what it looks at.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { expectAccessible, expectNoSidewaysScroll, expectSmall, look, screens } from "./support/look.mjs";
import { Server } from "./support/server.mjs";
import { Visitor } from "./support/visitor.mjs";

const hostile = `<img src=x onerror="document.title='broken'"><script>document.title='broken'</script>&amp;"'`;
const day = 86_400_000;
let server;

before(async () => {
  server = await Server.start({ keys: false });
  const lines = [];
  for (let company = 0; company < 12; company++) {
    for (let ago = 0; ago < 40; ago += 1 + (company % 4)) {
      const base = { type: "track", distinct_id: `user-${company}`, groups: { company: `company-${company}` }, timestamp: Date.now() - ago * day - 3_600_000 };
      lines.push({ ...base, event: "used", properties: { plan: ["team", "enterprise", hostile][company % 3] } });
      if (ago % 2) lines.push({ ...base, event: "exported", timestamp: base.timestamp + 60_000 });
      if (ago % 5 === 0) lines.push({ ...base, event: hostile, timestamp: base.timestamp + 120_000 });
    }
  }
  const response = await fetch(`${server.origin}/v1/batch`, { method: "POST", body: JSON.stringify(lines) });
  assert.deepEqual((await response.json()).refused, []);
});
after(() => server.close());

const base = { from: "-30d", to: "now", count_by: { group: "company" } };
const trends = { ...base, report: "trends", series: [{ event: "used" }] };
const reports = {
  "Companies using it": trends,
  "From use to export": { ...base, report: "funnel", steps: ["used", "exported", hostile] },
  "Companies that come back": { ...base, from: "-12w", report: "retention", interval: "week", periods: 5, start: "used" },
  "Days of use": { ...base, report: "stickiness", event: "used" },
  [hostile]: { ...trends, breakdown: [{ property: "plan" }] },
  "New and gone": { ...base, report: "lifecycle", interval: "week", event: "used" },
  "What comes next": { ...base, report: "paths", start: "used", steps: 3 },
  "About a type that is not there": { ...trends, count_by: { group: "compny" } },
};
const texts = (page, selector) => page.locator(selector).allTextContents();
const number = (text) => Number(text.replaceAll(",", ""));
const address = (page, document) => `${server.origin}/${page}?report=${encodeURIComponent(JSON.stringify(document))}`;
const post = (path, body) => server.get(path, { method: "POST", body: JSON.stringify(body) });
const save = (name, report = reports[name], view = "") => post("/api/saved", { name, report, view });

/** A visitor, gone after the test. */
async function arrive(t, settings) {
  const visitor = await Visitor.arrive(undefined, settings);
  t.after(() => visitor.leave());
  return visitor;
}

/** A dashboard of all reports, and the tiles' widths in turn. */
async function full(name) {
  const saved = [];
  for (const report of Object.keys(reports)) saved.push(await save(report));
  const widths = ["full", "half", "half", "third", "third", "third", "full", "half"];
  const { id } = await post("/api/dashboards", { name, tiles: saved.map((report, at) => ({ report: report.id, width: widths[at] })) });
  return { id, address: `${server.origin}/dashboards/${id}` };
}

test("a report is saved on a new dashboard, where its number is the API's, and changed from there", async (t) => {
  const visitor = await arrive(t);
  const page = await look(visitor, address("trends", trends));
  await page.getByText("Bars", { exact: true }).click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  const popover = page.locator("#save");
  await popover.getByLabel("Name of the report").fill(hostile);
  await popover.getByLabel("or to a new one").fill(`Monday ${hostile}`);
  await expectAccessible(page);
  await visitor.screenshot(page, "dashboard-save");
  await popover.getByRole("button", { name: "Save", exact: true }).click();
  await page.waitForURL(/\/dashboards\/[0-9a-f]{12}#tile-1$/);
  const { series: [{ total }] } = await server.ask(trends);
  assert.deepEqual((await texts(page, ".tile .val")).map(number), [total]);
  assert.deepEqual(await texts(page, "h1, .tile h2"), [`Monday ${hostile}`, hostile]);
  await page.locator(".tile .chart svg").waitFor();

  await page.getByRole("link", { name: hostile, exact: true }).click();
  await page.waitForURL(/\/trends\?.*chart=bars/);
  await page.getByLabel("Measure of A").selectOption({ label: "Total events" });
  await page.waitForURL(/measure/);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expectAccessible(page);
  await visitor.screenshot(page, "dashboard-update");
  await page.getByRole("button", { name: "Update" }).click();
  await page.waitForURL(/saved=/);
  await page.goto(`${server.origin}/saved`);
  assert.deepEqual(await texts(page, "tbody th"), [hostile], "changed, and not saved twice");
  const all = await server.ask({ ...trends, series: [{ event: "used", measure: "total" }] });
  await page.getByRole("link", { name: `Monday ${hostile}` }).click();
  await page.waitForURL(/dashboards/);
  assert.deepEqual((await texts(page, ".tile .val")).map(number), [all.series[0].total]);

  await page.goto(`${server.origin}/saved`);
  await visitor.screenshot(page, "saved");
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Name of the report").fill("Plain");
  await expectAccessible(page);
  await visitor.screenshot(page, "saved-edit");
  await page.getByRole("button", { name: "Rename" }).click();
  await page.waitForURL(/\/saved$/);
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByRole("button", { name: "Delete for good" }).click();
  await page.getByText("No saved reports yet").waitFor();
  await page.goto(`${server.origin}/dashboards`);
  assert.deepEqual(await texts(page, "tbody th, tbody .num"), [`Monday ${hostile}`, "0"]);
});

test("tiles are moved, widened and taken off, reports added, the dashboard renamed, and deleted once asked", async (t) => {
  const visitor = await arrive(t);
  const page = await look(visitor, `${server.origin}/dashboards`);
  await page.getByLabel("Name of a new dashboard").fill("Before");
  await page.getByRole("button", { name: "Make it" }).click();
  await page.waitForURL(/edit=1/);
  const id = new URL(page.url()).pathname.split("/").at(-1);
  const tiles = async () => {
    const { tiles } = await server.get(`/api/dashboards/${id}`);
    return Promise.all(tiles.map(async ({ report, width }) => `${(await server.get(`/api/saved/${report}`)).name} ${width}`));
  };
  for (const name of ["One", "Two"]) await save(name, trends);
  await page.reload();
  for (const label of ["One", "Two", "One"]) {
    await page.getByLabel("Saved report", { exact: true }).selectOption({ label });
    const before = await page.locator(".tile").count();
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.locator(".tile").nth(before).waitFor();
  }
  const press = async (place, name) => {
    const answered = page.waitForResponse((response) => response.request().method() === "GET" && response.url().includes("edit=1"));
    await page.locator(`#tile-${place}`).getByRole("button", { name }).click();
    await answered;
  };
  assert.equal(await page.locator("#tile-1").getByRole("button", { name: "Move up" }).isDisabled(), true);
  await press(2, "Move up");
  assert.deepEqual(await tiles(), ["Two half", "One half", "One half"]);
  await press(1, "Full width");
  await press(2, "Move down");
  await press(3, "Third width");
  await press(2, "Take off");
  assert.deepEqual(await tiles(), ["Two full", "One third"]);
  assert.deepEqual(await texts(page, ".tile h2"), ["Two", "One"]);
  await expectAccessible(page);
  await page.getByLabel("Name of the dashboard").fill(hostile);
  await page.getByRole("button", { name: "Rename" }).click();
  await page.getByRole("heading", { name: hostile, level: 1 }).waitFor();
  await page.getByRole("link", { name: "Delete this dashboard" }).click();
  await expectAccessible(page);
  await page.getByRole("link", { name: "Leave it" }).click();
  assert.deepEqual(await tiles(), ["Two full", "One third"]);
  await page.getByRole("link", { name: "Delete this dashboard" }).click();
  await page.getByRole("button", { name: "Delete for good" }).click();
  await page.waitForURL(/\/dashboards$/);
  assert.equal((await fetch(`${server.origin}/api/dashboards/${id}`)).status, 404);
  assert.deepEqual((await server.get("/api/saved")).reports.slice(-2).map(({ name }) => name), ["One", "Two"], "its reports stay");
});

test("tiles of every kind have the numbers of the API, and one that has no answer says why", async (t) => {
  const visitor = await arrive(t);
  const dashboard = await full("All");
  const page = await look(visitor, dashboard.address);
  const told = (place) => page.locator(`#tile-${place} .told`);
  const value = (place) => told(place).locator(".val").textContent();
  const shown = (name) => Object.keys(reports).indexOf(name) + 1;
  const ask = (name) => server.ask(reports[name]);
  const used = (await ask("Companies using it")).series[0].total;
  assert.equal(number(await value(shown("Companies using it"))), used);
  assert.equal(number(await value(shown(hostile))), used, "the whole, not the sum of its parts");
  const { steps } = await ask("From use to export");
  assert.deepEqual((await told(shown("From use to export")).locator(".fmeta b").allTextContents()).map(number), steps.map(({ count }) => count));
  const { mean } = await ask("Companies that come back");
  assert.equal(await value(shown("Companies that come back")), `${Math.round(mean[Math.floor((mean.filter((share) => share !== null).length - 1) / 2)] * 100)}%`);
  const last = mean.findLastIndex((share) => share !== null);
  await told(shown("Companies that come back")).getByRole("img", { name: `: ${Math.round(mean[last] * 100)}% after ${last} weeks` }).waitFor();
  const { counts } = await ask("Days of use");
  const days = counts.reduce((sum, count, at) => sum + count * (at + 1), 0), units = counts.reduce((sum, count) => sum + count, 0);
  assert.equal(await value(shown("Days of use")), (days / units).toFixed(1));
  const { nodes } = await ask("What comes next");
  assert.equal(number(await value(shown("What comes next"))), nodes.filter(({ step }) => step === 0).reduce((sum, { count }) => sum + count, 0));
  assert.match(await told(shown("About a type that is not there")).textContent(), /could not be answered.*did you mean/s);
  assert.equal(await page.locator(".tile .meta", { hasText: /Last (30 days|12 weeks)/ }).count(), 8, "each says its range");
  await page.locator(".tile .chart svg").nth(4).waitFor();
  assert.equal(await page.locator(".tile .chart svg").count(), 5);
  const legend = page.locator(`#tile-${shown(hostile)} .legend button`);
  await legend.first().click();
  assert.deepEqual(await legend.evaluateAll((all) => all.map((button) => button.ariaPressed)), ["false", "true", "true"]);
  await page.locator(`#tile-${shown("From use to export")}`).getByRole("button", { name: /reached used/ }).click();
  assert.deepEqual(await texts(page, "h1"), [`${steps[0].count} companies`]);
});

test("what the page does not wait for comes by itself", async (t) => {
  const visitor = await arrive(t);
  const { address, id } = await full("Slow");
  // As the page is where the first report takes long.
  await visitor.context.route(address, async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace(/<div class="told">.*?(?=<\/section>)/s,
      `<div class="told" data-later="/dashboards/${id}/1"><div class="state"><p hidden data-awaited>Counting …</p></div></div>`);
    await route.fulfill({ response, body });
  });
  const page = await look(visitor, address);
  const { series: [{ total }] } = await server.ask(trends);
  assert.equal(number(await page.locator("#tile-1 .val").textContent()), total);
  await page.locator("#tile-1 .chart svg").waitFor();
  await page.goto(`${address}/1`);
  assert.deepEqual((await texts(page, ".tile .val")).map(number), [total]);
  await expectAccessible(page);
});

test("home tells what was saved last, each with its number now", async (t) => {
  const visitor = await arrive(t);
  await full("Last of all");
  const page = await look(visitor, `${server.origin}/`);
  const card = page.locator("section[aria-labelledby=latest]");
  assert.deepEqual(await card.locator("tbody a").allTextContents(),
    ["Last of all", "About a type that is not there", "What comes next", "New and gone", hostile, "Days of use"]);
  const values = await card.locator("tbody .num").allTextContents();
  const { series: [{ total }] } = await server.ask(trends);
  assert.deepEqual([values[0], values[1], number(values[4])], ["", "–", total]);
  assert.equal(await page.locator("main img, main script").count(), 0);
  await expectAccessible(page);
  await visitor.screenshot(page, "home-saved");
  await card.getByRole("link", { name: hostile }).click();
  await page.waitForURL(/\/trends\?report=/);
});

for (const theme of ["light", "dark"]) {
  test(`dashboards fit phones and read well, ${theme}`, async (t) => {
    const visitor = await arrive(t);
    const { address } = await full(`Product ${hostile}`);
    for (const [name, path] of Object.entries({ dashboard: address, "dashboard-edit": `${address}?edit=1`, dashboards: `${server.origin}/dashboards`, saved: `${server.origin}/saved` })) {
      for (const [size, screen] of Object.entries(screens)) {
        const page = await look(visitor, path, { screen, theme });
        if (name.startsWith("dashboard-") || name === "dashboard") await page.locator(".tile .chart svg").nth(4).waitFor();
        await expectNoSidewaysScroll(page);
        await expectSmall(page);
        assert.equal(await page.locator("main img, main script:not([src]):not([type='application/json'])").count(), 0);
        assert.doesNotMatch(await page.title(), /^broken/);
        if (size !== "small") {
          await expectAccessible(page);
          await visitor.screenshot(page, `${name}-${size}-${theme}`);
        }
        await page.close();
      }
    }
  });
}

test("without a script a report is saved on a dashboard, which tells its number", async (t) => {
  const visitor = await arrive(t, { javaScriptEnabled: false });
  const { id } = await post("/api/dashboards", { name: "Plain forms" });
  const page = await look(visitor, address("funnels", reports["From use to export"]));
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.locator("#save").getByLabel("Name of the report").fill("Without");
  await page.locator("#save").getByLabel("Add to dashboard").selectOption({ label: "Plain forms" });
  await page.locator("#save").getByRole("button", { name: "Save", exact: true }).click();
  await page.waitForURL(`${server.origin}/dashboards/${id}#tile-1`);
  const { steps } = await server.ask(reports["From use to export"]);
  assert.deepEqual((await texts(page, ".fmeta b")).map(number), steps.map(({ count }) => count));
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByRole("button", { name: "Full width" }).click();
  assert.equal((await server.get(`/api/dashboards/${id}`)).tiles[0].width, "full");
});
