/** A browser as a person has it, without a window: the distribution's Chromium, with a profile that goes with the test. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { chromium, type Page } from "playwright-core";

const executablePath = "/usr/bin/chromium";
/** Nothing that asks the internet, and nothing that needs a kernel's help which tests run as root do not get. */
const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--no-proxy-server",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const patienceMs = 30_000;

/** Opens a page in a browser of its own, which ends with the test. */
export async function openBrowser(t: TestContext): Promise<Page> {
  const profile = mkdtempSync(join(tmpdir(), "windlass-browser-"));
  const browser = await chromium.launchPersistentContext(profile, { executablePath, args, headless: true });
  t.after(async () => {
    await browser.close();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  });
  browser.setDefaultTimeout(patienceMs);
  return browser.pages()[0] ?? (await browser.newPage());
}
