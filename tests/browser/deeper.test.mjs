// What is behind the first look at a report: the other views of a funnel, why nothing matched, tables that sort, series
// that are hidden, lists that are searched, and what a browser remembers. One server and one profile for the file.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { host } from "./support/host.mjs";
import { expectAccessible, expectNoSidewaysScroll, look, screens } from "./support/look.mjs";
import { until } from "./support/until.mjs";
import { Visitor } from "./support/visitor.mjs";

const day = 86_400_000;
const plans = ["enterprise", "team", "free"];
const [server, visitor] = await host();

/** Companies that sign up one a day, try things the sooner the better their plan, and pay; a user without a company. */
async function fill() {
  const lines = [];
  for (let company = 0; company < 24; company++) {
    const groups = { company: `company-${String(company).padStart(2, "0")}` }, plan = company % 3;
    const start = Date.now() - (20 - Math.floor(company / 2)) * day - 6 * 3_600_000;
    const track = (event, later, properties) => lines.push({ type: "track", distinct_id: `user-${company}`, groups, event, timestamp: start + later, properties });
    lines.push({ type: "group", group_type: "company", group_key: groups.company, timestamp: start, properties: { plan: plans[plan] } });
    track("signed_up", 0, { country: company % 2 ? "DE" : "US" });
    if (company % 5) track("tried", (1 + plan) * 3_600_000);
    if (company % 4 === 1) track("refunded", 1_800_000);
    if (company % 5 > 1) track("paid", (2 + plan) * day);
  }
  lines.push({ type: "track", distinct_id: "alone", event: "wandered", timestamp: Date.now() - day, properties: { country: "DE" } });
  const response = await fetch(`${server.origin}/v1/batch`, { method: "POST", body: JSON.stringify(lines) });
  assert.deepEqual((await response.json()).refused, []);
}

before(fill);

const base = { from: "-30d", to: "now", count_by: { group: "company" } };
const funnel = { ...base, report: "funnel", steps: ["signed_up", "tried", "paid"], window: "7d" };
const plan = { property: "plan", of: { group: "company" } };
const split = { ...funnel, breakdown: [plan] };
const trends = { ...base, report: "trends", series: [{ event: "signed_up" }], breakdown: [plan] };
const address = (page, document, view = "") => `${server.origin}/${page}?report=${encodeURIComponent(JSON.stringify(document))}${view}`;
const texts = (page, selector) => page.locator(selector).allTextContents();
const plain = (text) => Number.parseFloat(text.replaceAll(",", ""));
const percent = (share) => (share === null ? "–" : `${(share * 100).toFixed(1)}%`);
const documentOf = (page) => JSON.parse(new URL(page.url()).searchParams.get("report"));
const view = (page, name) => new URL(page.url()).searchParams.get(name);
const changed = (page, pattern) => page.waitForURL((url) => pattern.test(decodeURIComponent(url.search)));

/** Looks at an address on all screens and in both themes. */
async function everywhere(name, url) {
  for (const [screen, theme] of [["desktop", "light"], ["desktop", "dark"], ["phone", "light"], ["small", "dark"]]) {
    const page = await look(visitor, url, { screen: screens[screen], theme });
    await page.locator("#answer h2").first().waitFor({ state: "attached" });
    if (await page.locator("#chart").count()) await page.locator("#chart svg").waitFor();
    await expectNoSidewaysScroll(page);
    await expectAccessible(page);
    await visitor.screenshot(page, `${name}-${screen}-${theme}`);
    await page.close();
  }
}

test("a funnel over time: its shares are those of the API, and a bucket opens who is behind it", async () => {
  const page = await look(visitor, address("funnels", funnel));
  await page.getByText("Over time").click();
  await changed(page, /"interval":"day".*chart=time/);
  await page.getByLabel("Interval").selectOption({ label: "By week" });
  await changed(page, /"interval":"week"/);
  assert.equal(view(page, "chart"), "time");
  const asked = documentOf(page);
  const { by_start: { buckets, counts }, steps } = await server.ask(asked);
  const rows = page.locator("#answer tbody tr");
  const share = (bucket) => percent(counts[0][bucket] ? counts[2][bucket] / counts[0][bucket] : null);
  await until("the weeks", () => rows.first().locator("td").count(), (cells) => cells === buckets.length + 1);
  assert.deepEqual(await rows.first().locator("td").allTextContents(), [percent(steps[2].overall), ...buckets.map((_, bucket) => share(bucket))]);
  for (const step of [0, 1, 2]) {
    const cells = await rows.nth(step + 1).locator("td").allTextContents();
    assert.deepEqual(cells.map(plain), [steps[step].count, ...counts[step]]);
  }
  const file = await (await fetch(await page.getByRole("link", { name: /^CSV/, includeHidden: true }).evaluate(({ href }) => href))).text();
  assert.deepEqual(file.trim().split("\r\n").slice(1).map((row) => row.split(",").slice(2).map(Number)), counts);
  // Each number opens so many.
  const bucket = counts[1].findIndex((count) => count > 0);
  await rows.nth(2).locator("td").nth(bucket + 1).locator("button").click();
  const panel = page.locator("dialog[open]");
  await panel.getByRole("heading", { name: new RegExp(`^${counts[1][bucket]} compan`) }).waitFor();
  assert.equal(await panel.locator("tbody th").count(), counts[1][bucket]);
  await page.close();
  await everywhere("funnel-time", address("funnels", { ...funnel, interval: "week" }, "&chart=time"));
});

test("a funnel by a property: a bar, a colour and a row for each value, and the sum of all", async () => {
  const { series } = await server.ask(split), { steps } = await server.ask(funnel);
  const page = await look(visitor, address("funnels", split));
  for (const [place, value] of series.entries()) {
    const cells = await page.locator(`tr[data-row="${place}"]`).locator("th, td").allTextContents();
    assert.deepEqual(cells.slice(0, 2), [value.breakdown[0], percent(value.steps[2].overall)]);
    assert.deepEqual(cells.slice(2).map(plain), value.steps.map(({ count }) => count));
    assert.deepEqual(await texts(page, `.fvalues li[data-of="${place}"] b`), value.steps.map(({ overall }) => percent(overall)));
  }
  assert.deepEqual((await texts(page, "tfoot td button")).map(plain), steps.map(({ count }) => count));
  await page.getByRole("button", { name: new RegExp(`of ${series[1].breakdown[0]} reached tried`) }).click();
  await page.getByRole("heading", { name: `${series[1].steps[1].count} companies` }).waitFor();
  await page.close();
  await everywhere("funnel-split", address("funnels", split));
  await everywhere("funnel-split-time", address("funnels", { ...split, interval: "week" }, "&chart=time"));
});

test("time to convert: the times of the API, the longest bar for the longest time", async () => {
  const { steps } = await server.ask(funnel);
  const page = await look(visitor, address("funnels", funnel, "&chart=convert"));
  const told = (seconds) => {
    const hours = Math.round(seconds / 60) / 60;
    return hours < 24 ? `${Math.floor(hours)} h` : `${Math.floor(hours / 24)} d`;
  };
  const times = await texts(page, ".time b");
  const wanted = steps.slice(1).flatMap(({ median_seconds, average_seconds }) => [median_seconds, average_seconds]);
  assert.equal(times.length, wanted.length);
  for (const [place, seconds] of wanted.entries()) assert.ok(times[place].startsWith(told(seconds)), `${times[place]} is ${seconds} s`);
  const widths = await page.locator(".time rect").evaluateAll((bars) => bars.map((bar) => Number(bar.getAttribute("width"))));
  const longest = Math.max(...wanted);
  assert.deepEqual(widths, wanted.map((seconds) => Number((100 * seconds / longest).toFixed(1))));
  await page.close();
  await everywhere("funnel-convert", address("funnels", funnel, "&chart=convert"));
  await everywhere("funnel-convert-split", address("funnels", split, "&chart=convert"));
});

test("an event is excluded between two steps, and the first attempt counts", async () => {
  const page = await look(visitor, address("funnels", funnel));
  await page.getByRole("button", { name: "Exclude an event" }).click();
  await page.locator(".events:popover-open").getByPlaceholder(/^Search/).fill("refund");
  await page.keyboard.press("Enter");
  await changed(page, /"exclude":\[\{"event":"refunded"\}\]/);
  await page.getByLabel("To step").selectOption({ label: "step 2" });
  await changed(page, /"exclude":\[\{"event":"refunded","to":2\}\]/);
  await page.getByLabel("Attempt that counts").selectOption({ label: "first attempt" });
  await changed(page, /"entry":"first"/);
  const { steps } = await server.ask(documentOf(page)), { steps: before } = await server.ask(funnel);
  assert.ok(steps[1].count < before[1].count, "somebody was excluded");
  await until("the answer", () => texts(page, ".fmeta b"), (shown) => JSON.stringify(shown.map(plain)) === JSON.stringify(steps.map(({ count }) => count)));
  await expectAccessible(page);
  await visitor.screenshot(page, "funnel-exclude");
  await page.getByLabel("Order").selectOption({ label: "In any order" });
  await changed(page, /"order":"any"/);
  assert.equal(documentOf(page).exclude, undefined);
  assert.equal(await page.getByRole("button", { name: "Exclude an event" }).count(), 0);
  await page.close();
});

test("nothing matched: how many events before which filter, and the filter goes in one click", async () => {
  const filter = { all: [{ property: "country", op: "is", value: "DE" }, { property: "country", op: "is", value: "AQ" }] };
  const nowhere = { ...trends, breakdown: [], filter };
  const page = await look(visitor, address("trends", nowhere));
  const total = async (filter) => {
    const { series } = await server.ask({ ...nowhere, count_by: "users", filter, series: [{ event: "signed_up", measure: "total" }] });
    return series[0].total;
  };
  const [all, german] = [await total(undefined), await total(filter.all[0])];
  assert.deepEqual((await texts(page, ".passing li > b")).map(plain), [all, german, 0]);
  await page.locator(".passing").getByRole("button", { name: "Remove filter country" }).last().click();
  await page.locator(".answer .val").waitFor();
  assert.deepEqual(documentOf(page).filter, filter.all[0]);
  await page.close();
  await everywhere("nothing-filtered", address("trends", nowhere));
});

test("an event that nobody sent: the name that was meant is one click away", async () => {
  const page = await look(visitor, address("funnels", { ...funnel, steps: ["singed_up", "singed_up"] }));
  await page.getByText("Nobody ever sent singed_up").first().waitFor();
  await expectAccessible(page);
  await visitor.screenshot(page, "nothing-unknown");
  await page.locator("#answer").getByRole("button", { name: "signed_up" }).first().click();
  await changed(page, /"steps":\["signed_up","singed_up"\]/);
  await page.locator(".answer .val").waitFor();
  await page.close();
});

test("events without a company: says why, and counts by users in one click", async () => {
  const page = await look(visitor, address("trends", { ...trends, breakdown: [], series: [{ event: "wandered" }] }));
  await page.getByText("1 event matched, none has a company").waitFor();
  await expectAccessible(page);
  await visitor.screenshot(page, "nothing-grouped");
  await page.getByRole("button", { name: "Count by users" }).click();
  await page.locator(".answer .val").waitFor();
  assert.equal(documentOf(page).count_by, undefined);
  await page.close();
});

test("tables sort by a column, and the address keeps it, with what is hidden and what is opened", async () => {
  const page = await look(visitor, address("trends", trends));
  await page.locator("#chart svg").waitFor();
  const { series } = await server.ask(trends);
  const names = () => texts(page, "tr[data-row] th bdi");
  const by = (order) => [...series].sort(order).map(({ breakdown }) => breakdown[0]);
  const head = page.locator("th[data-sort=name]");
  await head.getByRole("button").click();
  assert.deepEqual([await names(), await head.getAttribute("aria-sort"), view(page, "sort")], [plans.toSorted(), "ascending", "name"]);
  await head.getByRole("button").click();
  assert.deepEqual([await names(), view(page, "sort")], [plans.toSorted().reverse(), "-name"]);
  const all = page.locator("th[data-sort=all]");
  await all.getByRole("button").click();
  await all.getByRole("button").click();
  assert.equal(await all.getAttribute("aria-sort"), "ascending");
  const totals = (await texts(page, "tr[data-row] td:nth-child(2)")).map(plain);
  assert.deepEqual(totals, by((a, b) => a.total - b.total).map((name) => series.find(({ breakdown }) => breakdown[0] === name).total));
  await page.locator(".legend button").nth(1).click();
  assert.equal(view(page, "hide"), "1");
  // A row that is pointed at makes the other lines step back.
  const faint = () => page.locator("#chart svg path[stroke-opacity='0.2']").count();
  assert.equal(await faint(), 0);
  await page.locator('tr[data-row="0"]').hover();
  await until("other lines step back", faint);
  await page.locator('tr[data-row="2"] button').first().click();
  const panel = page.locator("dialog[open]");
  await panel.getByRole("heading", { name: `${series[2].total} companies` }).waitFor();
  assert.deepEqual(JSON.parse(view(page, "drill")), { series: 0, breakdown: series[2].breakdown });
  const kept = page.url();
  await page.keyboard.press("Escape");
  await until("it is closed", () => view(page, "drill"), (drill) => drill === null);

  await page.goto(kept);
  await panel.getByRole("heading", { name: `${series[2].total} companies` }).waitFor();
  assert.equal(await page.locator("input[data-series='1']").isChecked(), false);
  assert.equal(await page.locator(".legend button").nth(1).getAttribute("aria-pressed"), "false");
  assert.equal(await all.getAttribute("aria-sort"), "ascending");
  await expectAccessible(page);
  await page.close();
});

test("the list behind a number is searched, and opens as a list of groups", async () => {
  const page = await look(visitor, address("trends", { ...trends, breakdown: [] }, `&drill=${encodeURIComponent('{"series":0}')}`));
  const panel = page.locator("dialog[open]");
  await panel.locator("tbody th").nth(23).waitFor();
  await panel.locator("header").click();
  await page.keyboard.press("/");
  await page.keyboard.type("Y-1");
  await page.keyboard.press("Enter");
  await until("ten of them", () => panel.locator("tbody th").allTextContents(), (names) => names.length === 10);
  assert.match(await panel.locator("tbody th").first().textContent(), /^company-10$/);
  await expectAccessible(page);
  await visitor.screenshot(page, "panel-search");
  await panel.getByLabel("Search this list").fill("nobody");
  await page.keyboard.press("Enter");
  await panel.getByText("No name contains “nobody”").waitFor();
  await panel.getByRole("link", { name: "Open in Groups" }).click();
  await page.waitForURL(/\/groups\/company\?filter=/);
  await page.getByText("of 24", { exact: false }).first().waitFor();
  await expectAccessible(page);
  await page.close();
});

test("a report begins with what was counted by last, unless its address says so", async () => {
  const own = await Visitor.arrive();
  const page = await look(own, `${server.origin}/trends`);
  const count = page.getByLabel("Count by");
  assert.equal(await count.inputValue(), "");
  await count.selectOption({ label: "Groups: company" });
  await changed(page, /"count_by":\{"group":"company"\}/);
  await page.goto(`${server.origin}/retention`);
  assert.equal(await count.inputValue(), '{"group":"company"}');
  await page.goto(address("trends", { ...trends, count_by: "users", breakdown: [] }));
  assert.equal(await count.inputValue(), "");
  await page.goto(`${server.origin}/funnels`);
  assert.equal(await count.inputValue(), '{"group":"company"}');
  await count.selectOption({ label: "Users" });
  await page.waitForURL((url) => url.searchParams.has("report") && !url.search.includes("count_by"));
  await page.goto(`${server.origin}/trends`);
  assert.equal(await count.inputValue(), "");
  await own.leave();
});

test("compared: a dotted line, the change in the tip and in the table; keys move, open and close", async () => {
  const compared = { ...trends, breakdown: [], from: "-14d", compare: "previous" };
  const page = await look(visitor, address("trends", compared));
  const chart = page.locator("#chart");
  await chart.locator("svg path[stroke-dasharray]").first().waitFor();
  const { series: [line] } = await server.ask(compared);
  const change = line.total / line.previous.total - 1;
  assert.equal((await texts(page, "tr[data-row] td:nth-child(3)"))[0], `${change < 0 ? "−" : "+"}${Math.abs(change * 100).toFixed(1)}%`);
  assert.deepEqual(await texts(page, ".legend .key"), ["the time before"]);
  await chart.focus();
  await page.keyboard.press("End");
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  assert.deepEqual((await texts(page, ".tip dd:not(.pv)")).map(plain), [line.values[1]]);
  await visitor.screenshot(page, "trends-compared");
  await page.keyboard.press("Enter");
  await page.locator("dialog[open]").getByRole("heading", { name: `${line.values[1]} compan` }).waitFor();
  await page.keyboard.press("Escape");
  await page.locator("dialog[open]").waitFor({ state: "detached" });
  await chart.focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".tip").isHidden(), true);
  await page.keyboard.press("/");
  await page.locator(".events:popover-open input[type=search]:focus").waitFor();
  await page.close();
});

test("retention in percent and in units", async () => {
  const retention = { ...base, report: "retention", interval: "week", periods: 4, start: "signed_up", return: "paid" };
  const page = await look(visitor, address("retention", retention));
  const { rows } = await server.ask(retention);
  await page.getByText("Companies", { exact: true }).first().click();
  await changed(page, /chart=count/);
  const cells = rows.filter(({ size }) => size).flatMap(({ values }) => values.slice(0, rows.length).filter((value) => value !== null));
  await until("the counts", () => texts(page, ".ret tbody tr:not(.mean) td.h button"), (shown) => JSON.stringify(shown.map(plain)) === JSON.stringify(cells));
  await page.close();
  await everywhere("retention-count", address("retention", retention, "&chart=count"));
});

test("paths: every number and the nodes of the chart open who went that way", async () => {
  const paths = { ...base, report: "paths", start: "signed_up", steps: 2, limit: 1 };
  const page = await look(visitor, address("paths", paths));
  const { nodes, links } = await server.ask(paths);
  const rows = page.locator("#answer tbody tr"), panel = page.locator("dialog[open]");
  for (const [place, { count, ...link }] of links.entries()) {
    await rows.nth(place).locator("td:nth-child(4) button").click();
    await panel.getByRole("heading", { name: new RegExp(`^${count} compan`) }).waitFor();
    const { members } = await server.ask({ ...paths, units: link });
    assert.deepEqual(await panel.locator("tbody th").allTextContents(), members);
    await page.keyboard.press("Escape");
  }
  const { count, ...node } = nodes.at(-1);
  await page.locator(`#answer [data-node="${nodes.length - 1}"]`).first().click();
  await panel.getByRole("heading", { name: new RegExp(`^${count} compan`) }).waitFor();
  const { members } = await server.ask({ ...paths, units: node });
  assert.deepEqual(await panel.locator("tbody th").allTextContents(), members);
  await page.keyboard.press("Escape");
  // The first node of the chart is the tall one at the left.
  const chart = await page.locator("#chart svg").boundingBox();
  await page.mouse.click(chart.x + 14, chart.y + chart.height / 2);
  await panel.getByRole("heading", { name: `${nodes[0].count} companies` }).waitFor();
  await page.close();
  await everywhere("paths", address("paths", paths));
});
