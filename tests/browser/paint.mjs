// How soon pages are painted over a million events of 50,000 users in 100,000 companies, by a browser that has seen none
// of them and by one that has, and how much is sent for them:
// `node paint.mjs`, with the release binary in TRACKCRUMB_BINARY. It measures and asserts nothing; what is asserted of
// pages, their sizes among it, is in the tests beside it.
import { createWriteStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { chromium } from "playwright-core";
import { Server, binary } from "./support/server.mjs";

const [events, users, companies, days, runs] = [1_000_000, 50_000, 100_000, 90, 7];
const day = 86_400_000;
const names = ["page_viewed", "feature_used", "search_performed", "report_viewed", "comment_added", "invite_sent", "signed_up", "upgraded"];
const countries = ["DE", "FR", "GB", "US", "JP", "IN", "BR", "SE"];

/** The same numbers in every run. */
let state = 42;
const random = (below) => {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return Math.floor((state / 2 ** 32) * below);
};

async function write(file) {
  const out = createWriteStream(file);
  const put = async (line) => out.write(`${JSON.stringify(line)}\n`) || once(out, "drain");
  const start = Date.now() - days * day;
  for (let n = 0; n < companies; n++) {
    await put({ type: "group", group_type: "company", group_key: `company-${n}`, timestamp: start + random(days * day),
      properties: { name: `Company ${n}`, plan: ["free", "team", "enterprise"][random(3)], seats: random(500), country: countries[random(8)] } });
  }
  for (let n = 0; n < events; n++) {
    const user = Math.min(random(users), random(users)); // some do more than others
    await put({ type: "track", distinct_id: `user-${user}`, event: names[Math.min(random(8), random(8))], timestamp: start + Math.floor((n * days * day) / events),
      groups: { company: `company-${(user * 7919) % companies}` }, properties: { country: countries[user % 8], ms: random(5000) } });
  }
  out.end();
  await once(out, "finish");
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];

const directory = await mkdtemp(join(tmpdir(), "trackcrumb-paint-"));
try {
  const file = join(directory, "events.ndjson"), data = join(directory, "data");
  await write(file);
  execFileSync(binary, ["import", "--data", data, file]);
  execFileSync(binary, ["compact", "--data", data]);
  await rm(file);
  const server = await Server.start({ keys: false, data });
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || "/usr/bin/chromium", chromiumSandbox: false });
  const report = (path, document) => `${path}?report=${encodeURIComponent(JSON.stringify({ from: "-30d", to: "now", ...document }))}`;
  const company = { count_by: { group: "company" } };
  const pages = {
    "a page without data": "/licenses",
    "home": "/?group=company",
    "trend, companies": report("/trends", { report: "trends", series: [{ event: "feature_used" }], ...company }),
    "trend by country, users": report("/trends", { report: "trends", series: [{ event: "feature_used" }], breakdown: [{ property: "country" }] }),
    "funnel, companies": report("/funnels", { report: "funnel", steps: ["signed_up", "feature_used", "upgraded"], ...company }),
    "retention, users": report("/retention", { report: "retention", start: "signed_up", return: "feature_used", interval: "week", from: "-84d" }),
    "stickiness, users": report("/stickiness", { report: "stickiness", event: "*" }),
    "lifecycle, companies": report("/lifecycle", { report: "lifecycle", event: "*", ...company }),
    "paths, users": report("/paths", { report: "paths", start: "signed_up" }),
    "groups": "/groups/company",
    "groups, last page by name": "/groups/company?sort=-name",
    "groups, searched": "/groups/company?search=company-777",
    "groups, filtered": `/groups/company?filter=${encodeURIComponent(JSON.stringify({ property: "plan", op: "is", value: "team" }))}`,
    "profile": "/groups/company/company-7919",
    "users": "/users",
    "events": "/events",
  };
  const tab = async () => (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  const visit = async (page, path) => {
    await page.goto(server.origin + path, { waitUntil: "load" });
    await page.waitForFunction(() => performance.getEntriesByName("first-contentful-paint").length);
    return page.evaluate(() => {
      const [whole] = performance.getEntriesByType("navigation"), files = performance.getEntriesByType("resource");
      const sent = (list) => list.reduce((sum, { encodedBodySize }) => sum + encodedBodySize, 0);
      const own = [whole, ...files.filter(({ name }) => !name.includes("echarts"))];
      return { answered: whole.responseStart, painted: performance.getEntriesByName("first-contentful-paint")[0].startTime, own: sent(own), all: sent([whole, ...files]) };
    });
  };
  console.log("median of %d visits in a fresh profile, and of as many again in one tab\n%s", runs,
    ["page", "answered, ms", "painted, ms", "again answered, ms", "again painted, ms", "sent, KB", "with charts, KB"].join("\t"));
  for (const [name, path] of Object.entries(pages)) {
    const seen = [], again = [];
    for (let run = 0; run < runs; run++) {
      const page = await tab();
      seen.push(await visit(page, path));
      await page.context().close();
    }
    const page = await tab();
    await visit(page, path);
    for (let run = 0; run < runs; run++) again.push(await visit(page, path));
    await page.context().close();
    const of = (list, field, unit = 1) => (median(list.map((one) => one[field])) / unit).toFixed(0);
    console.log([name, of(seen, "answered"), of(seen, "painted"), of(again, "answered"), of(again, "painted"), of(seen, "own", 1000), of(seen, "all", 1000)].join("\t"));
  }
  await browser.close();
  await server.close();
} finally {
  await rm(directory, { recursive: true, force: true });
}
