// A real browser at the query page. One tab runs `query`, then starts `subscription`; a second tab runs `mutation` once
// for each further push that is waited for. Prints one JSON line:
//   { query, mutations, pushes, console, requests_elsewhere }
// where `query`, `mutations` and `pushes` are what GraphiQL shows, `console` every error and warning of the pages, and
// `requests_elsewhere` every request that left the server's origin. Where it comes to nothing it prints
// { failed, shown, console } and exits with 1; the screenshot then shows where it stopped.
//
// The job: { url, chromium, query, mutation, subscription, pushes?, role?, headers?, screenshot?, timeoutMs? }
// `role` picks one in development mode; `headers` (an object) is typed into the headers editor instead.

import { chromium } from "playwright-core";
import { print, readJob } from "./job.mjs";

const FLAGS = [
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const POLL_MS = 50;
const job = readJob();
const { pushes = 3, timeoutMs = 60_000 } = job;
const origin = new URL(job.url).host;
const noise = [];
const elsewhere = [];

const browser = await chromium.launch({ executablePath: job.chromium, args: FLAGS, timeout: timeoutMs });
let reader;
try {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  context.setDefaultTimeout(timeoutMs);
  watch(context);
  reader = await open(context);
  print(await play(reader, await open(context)));
} catch (error) {
  if (job.screenshot) await reader?.screenshot({ path: job.screenshot });
  print({ failed: error.message, shown: await reader?.evaluate(() => globalThis.shown), console: noise });
  process.exitCode = 1;
} finally {
  await browser.close();
}

async function play(reader, writer) {
  const query = await execute(reader, job.query);
  await write(reader, job.subscription);
  await reader.evaluate(() => globalThis.shown.splice(0));
  await reader.keyboard.press("Control+Enter");
  await shows(reader, 1);
  const mutations = [];
  for (let count = 2; count <= pushes; count += 1) {
    mutations.push(await execute(writer, job.mutation));
    await shows(reader, count);
  }
  await reader.bringToFront();
  if (job.screenshot) await reader.screenshot({ path: job.screenshot });
  const shown = await reader.evaluate(() => globalThis.shown);
  return { query, mutations, pushes: shown, console: noise, requests_elsewhere: elsewhere };
}

function watch(context) {
  context.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) noise.push(`${message.type()}: ${message.text()}`);
  });
  context.on("weberror", (error) => noise.push(`uncaught: ${error.error().message}`));
  context.on("request", (request) => note(request.url()));
  context.on("page", (page) => page.on("websocket", (socket) => note(socket.url())));
}

function note(url) {
  const { protocol, host } = new URL(url);
  if (!["data:", "blob:"].includes(protocol) && host !== origin) elsewhere.push(url);
}

// A tab at the page, which from now on keeps in `shown` each result that its response pane shows.
async function open(context) {
  const page = await context.newPage();
  await page.goto(job.url);
  await page.locator(".graphiql-query-editor .view-lines").waitFor();
  await page.locator(".graphiql-response .view-lines").waitFor();
  await page.evaluate(() => {
    const { editor } = globalThis.__MONACO;
    const plain = { autoClosingBrackets: "never", autoClosingQuotes: "never", autoIndent: "none", autoSurround: "never" };
    for (const each of editor.getEditors()) each.updateOptions(plain);
    const pane = editor.getModels().find((model) => model.uri.path.endsWith("-response.json"));
    globalThis.shown = [];
    pane.onDidChangeContent(() => pane.getValue() && globalThis.shown.push(JSON.parse(pane.getValue())));
  });
  if (job.role) await page.locator("#headrace-role").selectOption(job.role);
  if (job.headers) await writeHeaders(page, JSON.stringify(job.headers));
  return page;
}

async function write(page, text) {
  await page.bringToFront();
  await type(page, page.locator(".graphiql-query-editor .monaco-editor").first(), text);
}

async function writeHeaders(page, text) {
  await page.getByRole("button", { name: "Headers", exact: true }).click();
  await type(page, page.locator(".graphiql-editor-tool .graphiql-editor:not(.hidden) .monaco-editor").first(), text);
}

async function type(page, editor, text) {
  await editor.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(text);
}

// Runs a query or a mutation by the keyboard, and gives what the response pane then shows.
async function execute(page, text) {
  await write(page, text);
  await page.evaluate(() => globalThis.shown.splice(0));
  await page.keyboard.press("Control+Enter");
  await shows(page, 1);
  return page.evaluate(() => globalThis.shown.at(-1));
}

// Polls by the clock, since a tab in the background has no frames.
async function shows(page, least) {
  await page.waitForFunction((least) => globalThis.shown.length >= least, least, { polling: POLL_MS });
}
