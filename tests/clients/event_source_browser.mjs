// A browser's own EventSource, on a page of the server's origin. Prints a JSON line for each thing that happens:
//   { open: true }  { event: name, id, data }  { error: readyState }
// The job: { url, page, chromium, timeoutMs? } `url` is what the EventSource is given, `page` where it is made.
// It stays, and connects again as the browser does, until it is ended.

import { chromium } from "playwright-core";
import { print, readJob } from "./job.mjs";

const job = readJob();
const browser = await chromium.launch({
  executablePath: job.chromium,
  args: ["--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  timeout: job.timeoutMs ?? 60_000,
});
const page = await browser.newPage();
await page.goto(job.page);
await page.exposeFunction("tell", print);
await page.evaluate((url) => {
  const source = new EventSource(url);
  source.onopen = () => globalThis.tell({ open: true });
  source.onerror = () => globalThis.tell({ error: source.readyState });
  for (const name of ["next", "complete"]) {
    source.addEventListener(name, ({ lastEventId, data }) =>
      globalThis.tell({ event: name, id: lastEventId, data: data ? JSON.parse(data) : null }),
    );
  }
}, job.url);
