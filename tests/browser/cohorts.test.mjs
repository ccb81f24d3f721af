// Cohorts in a browser: put together from conditions, with the members that the command line finds; saved, reopened,
// changed; by keyboard, on phones, without a script; and whatever names are, they are text. One server for the file.
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { host } from "./support/host.mjs";
import { expectAccessible, expectFit, expectNoSidewaysScroll, look } from "./support/look.mjs";
import { until } from "./support/until.mjs";
import { Visitor } from "./support/visitor.mjs";

const hostile = `<img src=x onerror="document.title='broken'"><script>document.title='broken'</script>&amp;"'=1`;
const day = 86_400_000;
const [server, visitor] = await host();

/** Users of companies: some use much, some export, some have a name that would rather be something else. */
async function fill() {
  const lines = [];
  for (let user = 0; user < 48; user++) {
    const id = user === 0 ? hostile : `user-${String(user).padStart(2, "0")}`, company = user % 12 === 0 ? hostile : `company-${user % 12}`;
    const track = (event, ago, properties) => lines.push({ type: "track", distinct_id: id, groups: { company }, event, timestamp: Date.now() - ago * day - 3_600_000, properties });
    lines.push({ type: "identify", distinct_id: id, timestamp: Date.now() - 50 * day, properties: { plan: ["free", "team", hostile][user % 3], age: user } });
    for (let times = 0; times < user % 6; times++) track("used", times * 5, { country: user % 2 ? "DE" : "US" });
    if (user % 5 === 0) track("exported", 3);
    if (user % 7 === 0) track(hostile, 40);
    track("signed_up", 45);
  }
  for (let company = 0; company < 12; company++) {
    lines.push({ type: "group", group_type: "company", group_key: company ? `company-${company}` : hostile, timestamp: Date.now() - 50 * day, properties: { plan: ["free", "team", hostile][company % 3], seats: company } });
  }
  const response = await fetch(`${server.origin}/v1/batch`, { method: "POST", body: JSON.stringify(lines) });
  assert.deepEqual((await response.json()).refused, []);
  await server.ask(cohort({ did: "used" }, { save_as: hostile }));
  await server.ask(cohort({ property: "seats", op: "gte", value: 6 }, { count_by: { group: "company" }, save_as: "Big" }));
}

before(fill);

const address = (document) => `${server.origin}/cohorts?report=${encodeURIComponent(JSON.stringify(document))}`;
const texts = (page, selector) => page.locator(selector).allTextContents();
const plain = (text) => Number(text.replaceAll(",", ""));
const documentOf = (page) => JSON.parse(new URL(page.url()).searchParams.get("report"));
const changed = (page, pattern) => page.waitForURL((url) => pattern.test(decodeURIComponent(url.search)));
const cohort = (where, rest) => ({ report: "cohort", ...rest, where });

/** Waits until the page shows what the command line answers to the same document, and says how many that is. */
async function expectAnswer(page, document = documentOf(page)) {
  const { size, members } = await server.command({ ...document, limit: 1_000 });
  await until("the size", () => texts(page, ".answer .val"), ([shown]) => shown !== undefined && plain(shown) === size);
  assert.deepEqual(await texts(page, "#answer tbody th"), members.slice(0, 20));
  return size;
}

/** Chooses an event in what is open. */
async function chooseEvent(page, text) {
  await page.locator(".events:popover-open").getByPlaceholder(/^Search/).fill(text);
  await page.keyboard.press("Enter");
}

/** Everything that the language can say, some of which the form shows and does not change. */
const everything = cohort({ all: [
  { did: { event: ["used", "exported"], filter: { property: "country", op: "is", value: "DE" } }, times: { gte: 2, lte: 9 }, from: "-28d", to: "now" },
  { not: { did: hostile, from: "-14d" } },
  { not: { first_did: "exported", from: "-2d" } },
  { any: [{ property: "plan", op: "is", value: [hostile, "team"] }, { not: { property: "age", op: "gt", value: 20 } }, { did: "*", times: { lt: 3, gt: 0 } }] },
  { cohort: hostile },
  { not: { member_of: { group: "company", key: ["company-3"] } } },
  { not: { member_of: { cohort: "Big" } } },
  { not: { report: { report: "trends", from: "-1d", to: "now", series: [{ event: "exported" }], units: { limit: 100, series: 0 } } } },
] }, { from: "-90d", filter: { property: "nothing", op: "not_set" } });

test("two conditions are put together, answered as on the command line, saved and opened again", async () => {
  const page = await look(visitor, `${server.origin}/cohorts`);
  await page.getByRole("link", { name: "New cohort" }).click();
  assert.equal(await expectAnswer(page), 48);
  await page.getByText("There are no conditions yet").waitFor();

  await page.getByRole("button", { name: "Did an event" }).click();
  await chooseEvent(page, "use");
  await changed(page, /"did":"used"/);
  await page.getByLabel("Number of times, condition 1").fill("3");
  await page.getByLabel("Number of times, condition 1").press("Tab");
  await changed(page, /"times":\{"gte":3\}/);
  await page.getByRole("button", { name: "At any time" }).first().click();
  await page.getByRole("button", { name: "Last 30 days" }).click();
  await changed(page, /"from":"-30d"/);
  const often = await expectAnswer(page);

  await page.getByRole("button", { name: "Has a property" }).click();
  const editor = page.locator(".editor:popover-open");
  await editor.getByLabel("Property").selectOption({ label: /^plan/ }).catch(() => editor.getByLabel("Property").selectOption(JSON.stringify({ of: "user", property: "plan" })));
  await editor.getByText(hostile).click();
  await editor.getByRole("button", { name: "Apply" }).click();
  await changed(page, /"property":"plan"/);
  const wanted = { all: [{ did: "used", times: { gte: 3 }, from: "-30d", to: "now" }, { property: "plan", op: "is", value: hostile }] };
  assert.deepEqual(documentOf(page).where, wanted);
  const both = await expectAnswer(page);
  assert.ok(both > 0 && both < often && often < 48, `${both} of ${often} of 48`);
  assert.equal((await texts(page, ".answer .delta"))[0], `${(both / 48 * 100).toFixed(1)}% of 48 users`);
  await page.getByLabel("Match").selectOption("any");
  await changed(page, /"any":\[/);
  const either = await expectAnswer(page);
  assert.ok(either > often, `${either} is more than ${often}`);
  await page.goBack();
  await until("all again", () => page.getByLabel("Match").inputValue(), (match) => match === "all");

  await page.getByRole("button", { name: "Save" }).click();
  await page.getByLabel("Name of the cohort").fill(`Often & <b>${hostile}`.slice(0, 60));
  await page.getByRole("button", { name: "Save as cohort" }).click();
  await page.waitForURL(/\/cohorts\/Often/);
  const link = page.url(), name = (await texts(page, "h1"))[0];
  assert.equal(name, `Often & <b>${hostile}`.slice(0, 60));
  assert.equal(await expectAnswer(page, cohort({ cohort: name })), both);
  assert.deepEqual((await server.lines()).findLast(({ type }) => type === "cohort").report, cohort(wanted));

  // Reopened, changed, kept as it is until it is updated.
  await page.goto(link);
  await page.getByRole("button", { name: "Remove condition 1" }).click();
  await page.waitForURL(/report=/);
  assert.equal(await expectAnswer(page), 16);
  await page.getByText("Changed, and not saved yet").waitFor();
  assert.equal((await server.command(cohort({ cohort: name }))).size, both);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("button", { name: /^Update “Often/ }).click();
  await page.waitForURL(link);
  assert.equal((await server.command(cohort({ cohort: name }))).size, 16);

  // Used in a report, which is then what uses it.
  await page.getByRole("button", { name: "Use in a report" }).click();
  await page.locator("#use").getByRole("link", { name: "Trends" }).click();
  await page.waitForURL(/\/trends/);
  assert.deepEqual(documentOf(page).filter, { cohort: name });
  await page.locator(".answer .val").waitFor();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByLabel("Name of the report").fill("Of those who use it often");
  await page.getByLabel("or to a new one, of this name").fill("Board");
  await page.locator("#save").getByRole("button", { name: "Save" }).click();
  await page.waitForURL(/\/dashboards\//);
  await page.goto(link);
  assert.deepEqual(await texts(page, "[aria-labelledby=uses] tbody tr > *"), ["Of those who use it often", "Trend", "Board"]);
  await expectAccessible(page);
  await visitor.screenshot(page, "cohort-saved");
  await page.goto(`${server.origin}/cohorts`);
  assert.deepEqual((await texts(page, "tbody th")).toSorted(), [hostile, "Big", name].toSorted());
  await page.close();
});

test("counted by company: conditions stay where they can, and cohorts of users become those of their companies", async () => {
  const page = await look(visitor, address(cohort({ all: [{ did: "used", times: { gte: 5 } }, { not: { property: "plan", op: "is", value: "team" } }] })));
  await expectAnswer(page);
  await page.getByRole("button", { name: "In a cohort" }).click();
  await page.locator("#p-where-all-2-among").getByRole("button", { name: hostile }).click();
  await changed(page, /\{"cohort":/);
  await expectAnswer(page);
  await page.getByLabel("Count by").selectOption({ label: "Groups: company" });
  await changed(page, /"count_by":\{"group":"company"\}/);
  const { where } = documentOf(page);
  assert.deepEqual(where.all.slice(1), [{ not: { property: "plan", op: "is", value: "team" } }, { has_member_in: { cohort: hostile } }]);
  assert.ok(await expectAnswer(page) > 0);
  await page.getByText("companies are in this cohort now").waitFor();
  await page.getByLabel("Condition 3", { exact: true }).selectOption({ label: "has no member in" });
  await changed(page, /"not":\{"has_member_in"/);
  await expectAnswer(page);
  await page.getByLabel("Count by").selectOption({ label: "Users" });
  await changed(page, /"not":\{"cohort":/);
  await expectAnswer(page);
  await page.close();
});

test("what the language can say is shown, and kept when something else changes", async () => {
  const page = await look(visitor, address(everything));
  await expectAnswer(page, everything);
  const { where, ...rest } = await page.locator("input[name=base]").inputValue().then(JSON.parse);
  assert.deepEqual([where, rest], [everything.where, { report: "cohort", from: "-90d", filter: everything.filter }]);
  await page.getByLabel("Condition 2", { exact: true }).selectOption({ label: "did" });
  await changed(page, /"from":"-14d"\},/);
  const kept = structuredClone(everything.where);
  kept.all[1] = kept.all[1].not;
  assert.deepEqual(documentOf(page), { ...everything, where: kept });
  await expectAnswer(page);
  await page.getByLabel("How often, condition 4.3").first().selectOption("between");
  await changed(page, /"lte":0/);
  await page.getByLabel("Most times, condition 4.3").fill("4");
  await page.getByLabel("Most times, condition 4.3").press("Tab");
  await changed(page, /"gte":0,"lt":3,"lte":4|"lte":4/);
  await expectAnswer(page);
  await page.getByRole("button", { name: "Remove condition 8" }).click();
  await until("it is gone", async () => documentOf(page).where.all.length, (length) => length === 7);
  await expectAnswer(page);
  await page.close();
});

test("a cohort fits every screen, is accessible in both themes, and shows names as text", async () => {
  const states = { cohort: everything, "cohort-nobody": cohort({ did: "used", times: { gt: 100 } }), "cohort-error": cohort({ cohort: "Bigg" }, { count_by: { group: "company" } }) };
  for (const [name, document] of Object.entries(states)) {
    await expectFit(visitor, address(document), name, async (page, screen) => {
      await page.locator("#answer h2").first().waitFor({ state: "attached" });
      if (screen !== "desktop") await page.locator("details.fold > summary").click();
    });
  }
});

test("nobody, and a name that nobody knows: says so, and how to go on", async () => {
  const page = await look(visitor, address(cohort({ did: "used", times: { gt: 100 } })));
  await page.getByText("Nobody meets the conditions").waitFor();
  await page.getByLabel("Number of times, condition 1").fill("4");
  await page.getByLabel("Number of times, condition 1").press("Tab");
  await page.locator("#answer tbody th").first().waitFor();
  await expectAnswer(page);
  await page.goto(address(cohort({ cohort: "Bigg" }, { count_by: { group: "company" } })));
  await page.getByText("did you mean").waitFor();
  await page.getByLabel("Cohort of condition 1").selectOption("{\"cohort\":\"Big\"}");
  assert.equal(await until("an answer", () => texts(page, ".answer .val"), ([size]) => size !== undefined).then(([size]) => size), "6");
  await page.close();
});

test("members are searched, and listed a page at a time in both directions", async () => {
  const page = await look(visitor, address(cohort({ all: [] })));
  const { members } = await server.command(cohort({ all: [] }));
  const listed = () => texts(page, "#answer tbody th");
  assert.deepEqual(await listed(), members.slice(0, 20));
  await page.getByRole("link", { name: "Next" }).click();
  await until("the second page", listed, (names) => names[0] === members[20]);
  await page.getByText("21–40 of 48").waitFor();
  await page.getByRole("link", { name: "Previous" }).click();
  await until("the first page", listed, (names) => names[0] === members[0]);
  await page.keyboard.press("/");
  await page.keyboard.type("R-1");
  await page.keyboard.press("Enter");
  await page.getByText("1–10 of 10").waitFor();
  assert.deepEqual(await listed(), members.filter((name) => name.includes("r-1")));
  assert.deepEqual(documentOf(page), cohort({ all: [] }));
  const file = await (await fetch(await page.getByRole("link", { name: /^CSV/, includeHidden: true }).evaluate(({ href }) => href))).text();
  assert.equal(file.trim().split("\r\n").length, 1 + 48, "a file has all of them");
  await page.close();
});

test("by keyboard alone: a condition comes, is changed, and goes", async () => {
  const page = await look(visitor, address(cohort({ all: [] })));
  const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key); };
  const searching = () => until("the search has the focus", () => page.evaluate(() => document.activeElement?.type), (type) => type === "search");
  await page.getByRole("button", { name: "Did an event" }).focus();
  await press("Enter");
  await searching();
  await page.keyboard.type("signed");
  await press("ArrowDown", "Enter");
  await changed(page, /"did":"signed_up"/);
  await page.getByLabel("Condition 1", { exact: true }).focus();
  await press("ArrowDown");
  await changed(page, /"not":\{"did":"signed_up"/);
  assert.equal(await expectAnswer(page), 0);
  await until("the focus is where it was", () => page.evaluate(() => document.activeElement?.id), (id) => id === "p-where-all-0-verb");
  await page.getByRole("button", { name: "Remove condition 1" }).focus();
  await press("Enter");
  await page.getByText("There are no conditions yet").waitFor();
  await page.getByRole("button", { name: "Nested group" }).focus();
  await press("Enter");
  await searching();
  await page.keyboard.type("export");
  await press("Enter");
  await changed(page, /\{"all":\[\{"any":\[\{"did":"exported"\}\]\}\]\}/);
  await expectAnswer(page);
  await page.close();
});

test("without a script a cohort is put together, saved and changed by its forms", async () => {
  const bare = await Visitor.arrive(undefined, { javaScriptEnabled: false });
  const page = await look(bare, address(cohort({ all: [] })));
  await page.getByRole("button", { name: "Did an event" }).click();
  const events = page.locator(".events:popover-open");
  await events.getByText("exported").click();
  await events.getByRole("button", { name: "Apply" }).click();
  assert.deepEqual(documentOf(page).where, { all: [{ did: "exported" }] });
  await expectAnswer(page);
  await page.getByRole("button", { name: "Belongs to a group" }).click();
  const editor = page.locator(".editor:popover-open");
  await editor.getByLabel("Group type").selectOption({ label: "company (key)" });
  await editor.getByLabel("Keys").fill("company-5, company-10");
  await editor.getByRole("button", { name: "Apply" }).click();
  assert.deepEqual(documentOf(page).where.all[1], { member_of: { group: "company", key: ["company-5", "company-10"] } });
  await expectAnswer(page);
  await page.getByLabel("Condition 1", { exact: true }).selectOption({ label: "did not" });
  await page.getByRole("button", { name: "Apply" }).last().click();
  assert.deepEqual(documentOf(page).where.all[0], { not: { did: "exported" } });
  await expectAnswer(page);
  await expectNoSidewaysScroll(page);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByLabel("Name of the cohort").fill("Big");
  await page.getByRole("button", { name: "Save as cohort" }).click();
  await page.getByText("there is a cohort `Big` already").waitFor();
  await page.goBack();
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByLabel("Name of the cohort").fill("Without a script");
  await page.getByRole("button", { name: "Save as cohort" }).click();
  await page.waitForURL(/\/cohorts\/Without%20a%20script$/);
  assert.deepEqual(await texts(page, "h1"), ["Without a script"]);
  bare.expectComplaint(/400/);
  await bare.leave();
});
