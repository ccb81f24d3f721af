// The pictures that the README shows, of the demo's pages: left with the artifacts, or where TRACKCRUMB_PICTURES says.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { test } from "node:test";
import { Server, binary } from "./support/server.mjs";
import { look } from "./support/look.mjs";
import { Visitor } from "./support/visitor.mjs";

const place = process.env.TRACKCRUMB_PICTURES || fileURLToPath(new URL("artifacts/pictures", import.meta.url));
const screen = { width: 1280, height: 800 };
const company = { count_by: { group: "company" } };
const steps = ["signed_up", "onboarding_finished", "project_created", "invite_sent", "upgraded"];
const report = (path, document) => `${path}?report=${encodeURIComponent(JSON.stringify({ ...document, ...company }))}`;
const pictures = {
  home: "/?group=company",
  trends: report("/trends", { report: "trends", from: "-30d", to: "now", series: [{ event: "feature_used" }], breakdown: [{ property: "feature" }], compare: "previous" }),
  funnel: report("/funnels", { report: "funnel", from: "-84d", to: "now", steps, window: "30d" }),
  retention: report("/retention", { report: "retention", from: "-70d", to: "now", start: "signed_up", return: "feature_used", interval: "week", periods: 9 }),
  company: "/groups/company/acme-corp",
};

test("the demo's pages show charts with data in them", async (t) => {
  const data = join(await mkdtemp(join(tmpdir(), "trackcrumb-pictures-")), "data");
  await promisify(execFile)(binary, ["demo", "--no-serve", "--data", data]);
  const server = await Server.start({ keys: false, data });
  const visitor = await Visitor.arrive(undefined, { deviceScaleFactor: 1 });
  t.after(async () => {
    await visitor.leave();
    await server.close();
  });
  await mkdir(place, { recursive: true });
  for (const [name, path] of Object.entries(pictures)) {
    const page = await look(visitor, server.origin + path, { screen });
    const drawn = page.locator(".chart svg path, .plot svg path, .plot svg rect, .funnel rect.got, table .h10, table .h12, table .h14");
    await drawn.first().waitFor({ state: "attached" });
    assert.ok(await page.locator("[role=alert]").count() === 0, `${name} has a problem`);
    await page.screenshot({ path: join(place, `${name}.png`) });
    await page.close();
  }
});
