// Headless Chromium that reaches nothing but this machine.
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { after } from "node:test";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const options = {
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  chromiumSandbox: false, // it does not start for root with one
  args: ["--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost, EXCLUDE *.localhost"],
};

// One process for the tests of a file.
let running;
after(async () => (await running)?.close());

/** A fresh profile; with the preferences of a person, in a process of its own. `settings` are Playwright's. */
export async function profile(preferences, settings) {
  if (preferences) return ownProcess(preferences);
  running ??= chromium.launch(options);
  return (await running).newContext(settings);
}

async function ownProcess(preferences) {
  const directory = await mkdtemp(join(tmpdir(), "trackcrumb-profile-"));
  await mkdir(join(directory, "Default"));
  await writeFile(join(directory, "Default", "Preferences"), JSON.stringify(preferences));
  const context = await chromium.launchPersistentContext(directory, options);
  context.on("close", () => rm(directory, { recursive: true, maxRetries: 3 }));
  return context;
}
