// The pages of reports in a browser: their numbers are those of the API, changes work with and without a script, names
// are text, and phones and keyboards are no second class. One server and one profile for the file.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { expectAccessible, expectFit, expectNoSidewaysScroll, look, screens } from "./support/look.mjs";
import { Server } from "./support/server.mjs";
import { until } from "./support/until.mjs";
import { Visitor } from "./support/visitor.mjs";

const hostile = `<img src=x onerror="document.title='broken'"><script>document.title='broken'</script>&amp;"'=1`;
const day = 86_400_000;
let server, visitor;

/** Companies that use, export and pay over a month, and one with a name that would rather be something else. */
async function fill() {
  const lines = [];
  const plans = ["enterprise", "team", hostile];
  for (let company = 0; company < 12; company++) {
    const groups = { company: company === 0 ? hostile : `company-${company}` };
    lines.push({ type: "group", group_type: "company", group_key: groups.company, timestamp: Date.now() - 40 * day, properties: { plan: plans[company % 3], seats: company } });
    for (let ago = 0; ago < 30; ago += 1 + (company % 4)) {
      const timestamp = Date.now() - ago * day - 3_600_000;
      const base = { type: "track", distinct_id: `user-${company}`, groups, timestamp };
      lines.push({ ...base, event: "used", properties: { country: company % 2 ? "DE" : "US", amount: ago } });
      if (ago % 2) lines.push({ ...base, event: "exported", timestamp: timestamp + 60_000 });
      if (ago % 5 === 0) lines.push({ ...base, event: hostile, timestamp: timestamp + 120_000 });
    }
  }
  lines.push({ type: "track", distinct_id: "alone", event: "used" });
  const response = await fetch(`${server.origin}/v1/batch`, { method: "POST", body: JSON.stringify(lines) });
  assert.deepEqual((await response.json()).refused, []);
}

before(async () => {
  [server, visitor] = await Promise.all([Server.start({ keys: false }), Visitor.arrive()]);
  await fill();
});
after(async () => {
  try {
    await visitor.leave();
  } finally {
    await server.close();
  }
});

const base = { from: "-30d", to: "now", count_by: { group: "company" } };
const reports = {
  trends: { ...base, report: "trends", series: [{ event: "used" }], breakdown: [{ property: "plan", of: { group: "company" } }] },
  funnels: { ...base, report: "funnel", steps: ["used", "exported", hostile] },
  retention: { ...base, report: "retention", interval: "week", periods: 5, start: "used" },
  stickiness: { ...base, report: "stickiness", event: "used" },
  lifecycle: { ...base, report: "lifecycle", interval: "week", event: "used" },
  paths: { ...base, report: "paths", start: "used", steps: 3 },
};
const address = (page, document = reports[page]) => `${server.origin}/${page}?report=${encodeURIComponent(JSON.stringify(document))}`;
const texts = (page, selector) => page.locator(selector).allTextContents();
const plain = (text) => Number(text.replaceAll(",", ""));
const documentOf = (page) => JSON.parse(new URL(page.url()).searchParams.get("report"));

for (const name of Object.keys(reports)) {
  test(`${name}: fits every screen, is accessible in both themes, and shows names as text`, async () => {
    await expectFit(visitor, address(name), name, async (page) => {
      await page.locator(".answer .val").waitFor();
      if (await page.locator("#chart").count()) await page.locator("#chart svg").waitFor();
    });
  });
}

test("trends: the table has the numbers of the API, and each opens who is behind it", async () => {
  const page = await look(visitor, address("trends"));
  const { series } = await server.ask(reports.trends);
  const rows = page.locator("tbody tr[data-row]");
  for (const [place, { breakdown, total, values }] of series.entries()) {
    const cells = await rows.nth(place).locator("th, td").allTextContents();
    assert.deepEqual([cells[0], plain(cells[1])], [breakdown[0], total]);
    assert.deepEqual(cells.slice(4).map(plain), values);
  }
  const { series: [whole] } = await server.ask({ ...reports.trends, breakdown: [] });
  assert.equal(plain((await texts(page, ".answer .val"))[0]), whole.total);
  assert.deepEqual((await texts(page, "tr.sum td:nth-child(2)")).map(plain), [whole.total]);

  await rows.nth(0).locator("button").first().click();
  const panel = page.locator("dialog[open]");
  await panel.getByRole("heading", { name: `${series[0].total} companies` }).waitFor();
  const { members } = await server.ask({ ...reports.trends, units: { series: 0, breakdown: series[0].breakdown } });
  assert.deepEqual(await panel.locator("tbody th").allTextContents(), members);
  await expectAccessible(page);
  await visitor.screenshot(page, "trends-panel");
  await panel.getByLabel("Name of the cohort").fill("Best & <b>rest</b>");
  await panel.getByRole("button", { name: "Save as cohort" }).click();
  await page.waitForURL(/\/cohorts\/Best/);
  assert.deepEqual(await texts(page, "h1"), ["Best & <b>rest</b>"]);
  assert.deepEqual(await texts(page, "tbody th"), members);
  await expectAccessible(page);
  await visitor.screenshot(page, "cohort");
  await page.goto(`${server.origin}/cohorts`);
  assert.deepEqual(await texts(page, "tbody th, tbody td:nth-child(3)"), ["Best & <b>rest</b>", String(members.length)]);
  await expectAccessible(page);
  await page.setViewportSize(screens.small);
  await expectNoSidewaysScroll(page);
  await page.close();
});

test("a report is put together: event, measure, count by, filter with a suggested value, breakdown, range, back", async () => {
  const page = await look(visitor, `${server.origin}/trends`);
  const changed = (pattern) => page.waitForURL((url) => pattern.test(decodeURIComponent(url.search)));
  await page.getByRole("button", { name: /^Event A/ }).click();
  await page.getByPlaceholder(/^Search \d/).first().fill("expo");
  await page.keyboard.press("Enter");
  await changed(/"event":"exported"/);
  await page.getByLabel("Measure of A").selectOption({ label: "Total events" });
  await changed(/"measure":"total"/);
  await page.getByLabel("Count by").selectOption({ label: "Groups: company" });
  await changed(/"count_by":\{"group":"company"\}/);
  await page.getByRole("button", { name: "Filter", exact: true }).click();
  const editor = page.locator(".editor:popover-open");
  await editor.getByLabel("Property").selectOption(JSON.stringify({ of: { group: "company" }, property: "plan" }));
  await editor.getByText(hostile).click();
  await editor.getByRole("button", { name: "Apply" }).click();
  await changed(/"filter":/);
  assert.deepEqual(documentOf(page).filter, { property: "plan", of: { group: "company" }, op: "is", value: hostile });
  await page.getByRole("button", { name: "Breakdown" }).click();
  await editor.getByLabel("Property").selectOption(JSON.stringify({ of: { group: "company" }, property: "plan" }));
  await editor.getByLabel("As it is").selectOption("event");
  await page.keyboard.press("Escape"); // what was chosen is kept
  await changed(/"as_of":"event"/);
  await page.keyboard.press("w");
  await changed(/"from":"-7d"/);
  await page.getByLabel("Compare to previous").check();
  await changed(/"compare":"previous"/);
  const document = documentOf(page);
  const { series } = await server.ask(document);
  assert.deepEqual((await texts(page, "tr[data-row] td:nth-child(2)")).map(plain), series.map(({ total }) => total));
  await page.goBack();
  await until("the box is off again", () => page.getByLabel("Compare to previous").isChecked(), (is) => !is);
  await page.getByRole("button", { name: "Remove filter plan" }).click();
  await page.waitForURL((url) => !/"filter"/.test(decodeURIComponent(url.search)));
  await page.close();
});

test("a chart is read with arrows, and its bars are chosen without asking again", async () => {
  const page = await look(visitor, address("trends"));
  const chart = page.locator("#chart");
  await chart.locator("svg").waitFor();
  await chart.focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  const { series } = await server.ask(reports.trends);
  const told = (await texts(page, ".tip dd:not(.pv)")).map(plain);
  assert.deepEqual(told, series.map(({ values }) => values[1]).sort((a, b) => b - a));
  await page.getByText("Bars", { exact: true }).click();
  await page.waitForURL(/chart=bars/);
  await page.locator(".legend button").first().click();
  assert.equal(await page.locator("input[data-series='0']").isChecked(), false);
  for (const kind of ["Stacked", "Total"]) {
    await page.getByText(kind, { exact: true }).click();
    await chart.locator("svg").waitFor();
    await visitor.screenshot(page, `trends-${kind.toLowerCase()}`);
  }
  const download = page.waitForEvent("download");
  await page.getByRole("button", { name: "Export" }).click();
  await page.getByRole("button", { name: /^PNG/ }).click();
  assert.equal((await download).suggestedFilename(), "chart.png");
  await page.close();
});

test("files: the table as CSV without formulas, and the API's answer as JSON", async () => {
  const file = async (format) => (await fetch(`${server.origin}/export/${format}?report=${encodeURIComponent(JSON.stringify(reports.trends))}`)).text();
  const answer = await server.ask(reports.trends);
  assert.deepEqual(JSON.parse(await file("json")).series, answer.series);
  const rows = (await file("csv")).trim().split("\r\n");
  assert.equal(rows.length, 1 + answer.series.length);
  assert.ok(rows.some((row) => row.startsWith(`enterprise,${answer.series.find(({ breakdown }) => breakdown[0] === "enterprise").values.join(",")},`)));
});

test("without a script a report is changed by its form", async () => {
  const bare = await Visitor.arrive(undefined, { javaScriptEnabled: false });
  const page = await look(bare, address("funnels"));
  const { steps } = await server.ask(reports.funnels);
  assert.deepEqual((await texts(page, ".fmeta b")).map(plain), steps.map(({ count }) => count));
  await page.getByLabel("Window").selectOption({ label: "1 hour" });
  await page.getByRole("button", { name: "Apply" }).last().click();
  assert.equal(documentOf(page).window, "1h");
  const { steps: within } = await server.ask(documentOf(page));
  assert.deepEqual((await texts(page, ".fmeta b")).map(plain), within.map(({ count }) => count));
  await page.getByRole("button", { name: /reached used; show them$/ }).click();
  assert.deepEqual(await texts(page, "h1"), [`${within[0].count} companies`]);
  await expectNoSidewaysScroll(page);
  await bare.leave();
});

test("retention, stickiness and lifecycle show the numbers of the API", async () => {
  let page = await look(visitor, address("retention"));
  const { rows } = await server.ask(reports.retention);
  assert.deepEqual((await texts(page, ".ret tbody tr:not(.mean) .sz")).map(plain), rows.map(({ size }) => size));
  const shown = await page.locator(".ret tbody tr:not(.mean) td.h button").evaluateAll((all) => all.map(({ title }) => Number(title.split(" ")[0])));
  assert.deepEqual(shown, rows.filter(({ size }) => size).flatMap(({ values }) => values.slice(0, rows.length).filter((value) => value !== null)));
  await page.goto(address("stickiness"));
  const { counts } = await server.ask(reports.stickiness);
  assert.deepEqual((await texts(page, "tbody td:nth-child(2)")).map(plain), counts);
  await page.goto(address("lifecycle"));
  const lifecycle = await server.ask(reports.lifecycle);
  for (const [place, state] of ["new", "returning", "resurrecting", "dormant"].entries()) {
    assert.deepEqual((await texts(page, `tr[data-row="${place}"] td`)).map(plain), lifecycle[state]);
  }
  await page.goto(address("paths"));
  const { links } = await server.ask(reports.paths);
  assert.deepEqual((await texts(page, "tbody td:nth-child(4)")).map(plain), links.map(({ count }) => count));
  await page.close();
});

test("what cannot be answered says why, and what matched nothing how to go on", async () => {
  const page = await look(visitor, address("trends", { ...base, count_by: { group: "compny" }, report: "trends", series: [{ event: "used" }] }));
  await page.getByText("did you mean").waitFor();
  await expectAccessible(page);
  await visitor.screenshot(page, "trends-error");
  await page.goto(address("trends", { ...base, from: "2020-01-01", to: "2020-02-01", report: "trends", series: [{ event: "used" }] }));
  await page.getByText("There is no used from 1 Jan 2020 to 31 Jan 2020").waitFor();
  await visitor.screenshot(page, "trends-nothing");
  await page.getByRole("button", { name: "Last 90 days" }).last().click();
  await page.locator(".answer .val").waitFor();
  await page.close();
});
