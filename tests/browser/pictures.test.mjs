// The pictures that the README shows, of the demo's pages: left with the artifacts, or where TRACKCRUMB_PICTURES says.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { binary } from "./support/server.mjs";
import { look } from "./support/look.mjs";
import { until } from "./support/until.mjs";
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
  const directory = await mkdtemp(join(tmpdir(), "trackcrumb-pictures-"));
  const demo = spawn(binary, ["demo", "--data", join(directory, "data"), "--listen", "127.0.0.1:0"]);
  const visitor = await Visitor.arrive();
  t.after(async () => {
    await visitor.leave();
    demo.kill("SIGTERM");
    await once(demo, "exit");
    await rm(directory, { recursive: true });
  });
  let printed = "";
  demo.stdout.on("data", (text) => { printed += text; });
  const [origin] = await until("the demo prints its address", () => /^http:\S+/.exec(printed), Boolean, 60_000);
  await mkdir(place, { recursive: true });
  for (const [name, path] of Object.entries(pictures)) {
    const page = await look(visitor, origin + path, { screen });
    const drawn = page.locator(".chart svg path, .plot svg path, .plot svg rect, .funnel rect.got, table .h10, table .h12, table .h14");
    await drawn.first().waitFor({ state: "attached" });
    assert.ok(await page.locator("[role=alert]").count() === 0, `${name} has a problem`);
    await page.screenshot({ path: join(place, `${name}.png`) });
    await page.close();
  }
});
