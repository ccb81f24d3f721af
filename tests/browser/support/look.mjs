// Looking at the server's own pages: as somebody with a theme and a screen, and through the eyes of axe-core.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import assert from "node:assert/strict";

const axe = readFile(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");

/** Screens that pages are made for. */
export const screens = { desktop: { width: 1440, height: 900 }, phone: { width: 390, height: 844 }, small: { width: 360, height: 740 } };

/** Opens an address on a screen and in a theme. */
export async function look(visitor, url, { screen = screens.desktop, theme = "light" } = {}) {
  const page = await visitor.context.newPage();
  await page.setViewportSize(screen);
  await page.emulateMedia({ colorScheme: theme });
  await page.goto(url);
  return page;
}

/** Fails where the page is wider than the screen. */
export async function expectNoSidewaysScroll(page) {
  const [content, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
  assert.ok(content <= screen, `${page.url()} is ${content} px wide on ${screen} px`);
}

/** Fails where a page, with all that it loads but the chart library, takes 100 KB on its way. */
export async function expectSmall(page) {
  const bytes = await page.evaluate(() => [...performance.getEntriesByType("navigation"), ...performance.getEntriesByType("resource")]
    .filter(({ name }) => !name.includes("/echarts")).reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0));
  assert.ok(bytes > 1_000 && bytes < 100_000, `${page.url()} takes ${bytes} bytes`);
}

/** Fails where axe-core finds anything against WCAG 2.2 AA or good practice. */
export async function expectAccessible(page) {
  await page.evaluate(await axe);
  const violations = await page.evaluate(async () => {
    const { violations } = await axe.run({ resultTypes: ["violations"] });
    return violations.map(({ id, impact, nodes }) => `${id} (${impact}): ${nodes.map((node) => node.html).join(" ")}`);
  });
  assert.deepEqual(violations, [], page.url());
}

/** Looks at a page on every screen and in both themes, once `ready` says so: it fits, is small and accessible, and shows
 * names as text. A picture of each is left. */
export async function expectFit(visitor, url, name, ready) {
  for (const [screen, theme] of [["desktop", "light"], ["desktop", "dark"], ["phone", "light"], ["phone", "dark"], ["small", "light"]]) {
    const page = await look(visitor, url, { screen: screens[screen], theme });
    await ready(page, screen);
    await expectNoSidewaysScroll(page);
    await expectSmall(page);
    await expectAccessible(page);
    assert.equal(await page.locator("main img, main script:not([src]):not([type='application/json'])").count(), 0);
    assert.doesNotMatch(await page.title(), /^broken/);
    await visitor.screenshot(page, `${name}-${screen}-${theme}`);
    await page.close();
  }
}
