// The server's pages in a browser: what is shown of groups, signing in, themes, phones, keyboards, and no script at all.
import assert from "node:assert/strict";
import { test } from "node:test";
import { expectAccessible, expectNoSidewaysScroll, look, screens } from "./support/look.mjs";
import { Server } from "./support/server.mjs";
import { until } from "./support/until.mjs";
import { Visitor } from "./support/visitor.mjs";

/** A server and a visitor, gone after the test. */
async function scene(t, { keys, ...settings } = {}) {
  const [server, visitor] = await Promise.all([Server.start({ keys }), Visitor.arrive(undefined, settings)]);
  t.after(async () => {
    try {
      await visitor.leave();
    } finally {
      await server.close();
    }
  });
  return { server, visitor };
}

const hostile = `<img src=x onerror="document.title='broken'"><script>document.title='broken'</script>&amp;"'`;
const plans = ["enterprise", "business", "team", "starter", "free"];
const companies = ["Acme Corporation", "Hooli", "Globex GmbH", "Initech", "Umbrella Health", "Müller & Söhne KG", "Sakura Logistics K.K."];

/** Companies, teams, and names that would rather be something else. */
async function fill(server) {
  const group = (group_type, group_key, minutes, properties) =>
    ({ type: "group", group_type, group_key, timestamp: Date.now() - minutes * 60_000, properties });
  const lines = [
    ...Array.from({ length: 45 }, (_, n) => group("company", `company-${n}`, 1 + n * n * 3, {
      name: companies[n % companies.length], plan: plans[n % plans.length], seats: 5 + n * 37, country: "DE", trial: n % 2 === 0,
    })),
    group("company", hostile, 0, { [hostile]: hostile, text: "x".repeat(5000), list: [1, { a: hostile }] }),
    ...Array.from({ length: 3 }, (_, n) => group("team", `team-${n}`, n, { size: n })),
    { type: "track", distinct_id: "ann", event: "signed_up", groups: { company: "only-on-an-event", [`z${hostile}`]: "k" } },
  ];
  const response = await fetch(`${server.origin}/v1/batch`, { method: "POST", body: JSON.stringify(lines),
    headers: server.writeKey && { Authorization: `Bearer ${server.writeKey}` } });
  assert.deepEqual((await response.json()).refused, []);
}

const texts = (page, selector) => page.locator(selector).allTextContents();

test("groups are listed with four columns, whatever their names are", async (t) => {
  const { server, visitor } = await scene(t, { keys: false });
  await fill(server);
  const page = await look(visitor, `${server.origin}/groups/company`);
  assert.equal(await page.title(), "Groups – company · trackcrumb");
  assert.deepEqual((await texts(page, "thead th")).map((text) => text.trim()), ["Type", "Key", "Properties", "Last updated"]);
  assert.equal((await texts(page, "tbody th"))[0], hostile);
  assert.deepEqual(await texts(page, "tbody tr:first-child .kv:first-child *"), [hostile, hostile]);
  assert.equal(await page.locator("main img, main script").count(), 0);
  assert.deepEqual(await texts(page, ".pager > span"), ["1–20 of 47"]);
  await expectAccessible(page);
  await visitor.screenshot(page, "groups");

  await page.getByRole("link", { name: "Next" }).click();
  await page.getByRole("link", { name: "Next" }).click();
  assert.deepEqual((await texts(page, "tbody tr:last-child > *")).slice(1),
    ["only-on-an-event", "none yet", "never, only seen on events"]);
  await page.getByRole("link", { name: "Previous" }).click();
  await page.getByRole("link", { name: "Previous" }).click();
  assert.deepEqual(await texts(page, ".pager > span"), ["1–20 of 47"]);
  await page.getByLabel("Rows").selectOption("50"); // sent at once
  await page.waitForURL(/limit=50/);
  assert.equal((await texts(page, "tbody th")).length, 47);

  await page.keyboard.press("/");
  await page.keyboard.type("müller/");
  await page.keyboard.press("Backspace");
  await page.keyboard.press("Enter");
  await page.waitForURL(/search=/);
  assert.equal((await texts(page, "tbody th")).length, 6);
  await page.getByRole("searchbox").fill(hostile.slice(0, 20) + "?");
  await page.keyboard.press("Enter");
  await page.getByText("Clear the search").waitFor();
  await expectAccessible(page);
  await visitor.screenshot(page, "groups-none-matched");
  await page.getByRole("link", { name: hostile }).click();
  assert.deepEqual(await texts(page, "tbody th"), ["k"]);
  assert.match(await page.title(), /z<img src=x/);
});

for (const theme of ["light", "dark"]) {
  test(`pages fit phones and read well, ${theme}`, async (t) => {
    const { server, visitor } = await scene(t, { keys: false });
    await fill(server);
    visitor.expectComplaint(/status of 404/);
    for (const path of ["/groups/company", "/groups/company?search=nobody", "/groups/team", "/licenses", "/nothing"]) {
      for (const [name, screen] of Object.entries(screens)) {
        const page = await look(visitor, server.origin + path, { screen, theme });
        await expectNoSidewaysScroll(page);
        await expectAccessible(page);
        if (path === "/groups/company") await visitor.screenshot(page, `groups-${name}-${theme}`);
        if (path === "/nothing" && name !== "small") await visitor.screenshot(page, `nothing-${name}-${theme}`);
        await page.close();
      }
    }
  });
}

test("the theme follows the system until one is chosen, which stays", async (t) => {
  const { server, visitor } = await scene(t, { keys: false });
  const page = await look(visitor, `${server.origin}/licenses`, { theme: "dark" });
  const background = (color) => until("the background", () => page.evaluate(() => getComputedStyle(document.body).backgroundColor),
    (got) => got === color);
  const [light, dark] = ["rgb(245, 247, 246)", "rgb(15, 18, 19)"];
  await background(dark);
  await page.emulateMedia({ colorScheme: "light" });
  await background(light);
  const toggle = page.getByRole("button", { name: "Dark theme" });
  assert.equal(await toggle.getAttribute("aria-pressed"), "false");
  await toggle.click();
  assert.equal(await toggle.getAttribute("aria-pressed"), "true");
  await page.reload();
  await background(dark);
});

test("the menu of a phone opens, leads on, and closes", async (t) => {
  const { server, visitor } = await scene(t, { keys: false });
  await fill(server);
  const page = await look(visitor, `${server.origin}/licenses`, { screen: screens.phone });
  const groups = page.getByRole("link", { name: "Groups", exact: true });
  assert.equal(await groups.isVisible(), false);
  await page.getByRole("button", { name: "Menu" }).click();
  assert.equal(await groups.isVisible(), true);
  await expectAccessible(page);
  await visitor.screenshot(page, "menu-phone");
  await page.keyboard.press("Escape");
  assert.equal(await groups.isVisible(), false);
  await page.getByRole("button", { name: "Menu" }).click();
  await groups.click();
  await page.waitForURL(/groups\/company/);
});

test("the first Tab leads to the content", async (t) => {
  const { server, visitor } = await scene(t, { keys: false });
  const page = await look(visitor, `${server.origin}/groups`);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement.id), "main");
  await visitor.screenshot(page, "groups-empty");
});

test("a key opens the page that was asked for, in this browser, until it is given back", async (t) => {
  const { server, visitor } = await scene(t);
  await fill(server);
  visitor.expectComplaint(/status of 401/);
  const page = await look(visitor, `${server.origin}/groups/company?search=acme`);
  assert.equal(new URL(page.url()).pathname, "/login");
  await expectAccessible(page);
  await visitor.screenshot(page, "login");
  await page.getByLabel("Read key").fill(server.writeKey);
  await page.keyboard.press("Enter");
  await page.getByRole("alert").getByText("only sends").waitFor();
  await expectAccessible(page);
  await visitor.screenshot(page, "login-refused");
  await page.getByLabel("Read key").fill(server.readKey);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(`${server.origin}/groups/company?search=acme`);
  const [cookie, ...others] = await visitor.context.cookies();
  assert.deepEqual([cookie.name, cookie.httpOnly, cookie.sameSite, others.length], ["trackcrumb_key", true, "Lax", 0]);
  assert.equal(await page.evaluate(() => document.cookie), "");
  assert.equal(await page.evaluate(async () => (await fetch("/api/events")).status), 200);
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(`${server.origin}/login`);
  assert.deepEqual(await visitor.context.cookies(), []);
});

test("without scripts everything is there but the dark theme", async (t) => {
  const { server, visitor } = await scene(t, { javaScriptEnabled: false });
  await fill(server);
  const page = await look(visitor, server.origin, { screen: screens.phone });
  await page.getByLabel("Read key").fill(server.readKey);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL(`${server.origin}/`);
  await page.goto(`${server.origin}/groups/company`);
  await page.getByLabel("Rows").selectOption("50");
  await page.locator(".pager").getByRole("button", { name: "Apply" }).click();
  assert.equal(await page.locator("tbody th").count(), 47);
  await page.getByRole("searchbox").fill("hooli");
  await page.getByRole("searchbox").press("Enter");
  assert.equal(await page.locator("tbody th").count(), 7);
  assert.equal(await page.getByRole("button", { name: "Dark theme" }).count(), 0);
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.waitForURL(`${server.origin}/login`);
});
