// Drives a real Chromium against a running demo, as a person would.
// CANDELA_URL, CANDELA_USER, CANDELA_PASSWORD say where; pictures go to
// CANDELA_SCREENSHOTS where it is set. `npm run e2e -- WORD` runs a part.

import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { changing } from "./changing.mjs";

const { CANDELA_URL, CANDELA_USER, CANDELA_PASSWORD, CANDELA_SCREENSHOTS } = process.env;
if (!CANDELA_URL || !CANDELA_USER || !CANDELA_PASSWORD) {
  console.error("set CANDELA_URL, CANDELA_USER and CANDELA_PASSWORD; `candela demo` prints them");
  process.exit(2);
}
const CHROMIUM = [
  process.env.CHROMIUM,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path && existsSync(path));
const WAIT_MS = 20_000;
/** Longest time of a job of the demo's simulated servers. */
const JOB_WAIT_MS = 180_000;

const browser = await chromium.launch({
  executablePath: CHROMIUM,
  args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
});

/** Complaints of the page itself; a test that leaves one fails. */
let complaints = [];

async function visitor(options = {}) {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 900 },
    ignoreHTTPSErrors: true,
    ...options,
  });
  context.setDefaultTimeout(WAIT_MS);
  const page = await context.newPage();
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    // A visitor who is not logged in yet is answered 401.
    if (message.type() === "error" && !message.text().includes("401"))
      complaints.push(message.text());
  });
  return page;
}

async function login(page, password = CANDELA_PASSWORD) {
  await page.goto(CANDELA_URL);
  await page.fill("input[name=user]", CANDELA_USER);
  await page.fill("input[name=password]", password);
  await page.keyboard.press("Enter");
}

async function member(options) {
  const page = await visitor(options);
  await login(page);
  await page.waitForSelector("nav", { state: "attached" });
  return page;
}

async function visit(page, path) {
  await page.goto(new URL(path, CANDELA_URL).href);
  await page.waitForSelector("main h1");
}

/** Asks the API as the page does. */
async function ask(page, path) {
  const answer = await page.request.get(new URL(`/api/v1${path}`, CANDELA_URL).href);
  assert.equal(answer.status(), 200, `${path} answers ${answer.status()}`);
  return answer.json();
}

async function picture(page, name) {
  if (!CANDELA_SCREENSHOTS) return;
  mkdirSync(CANDELA_SCREENSHOTS, { recursive: true });
  await page.screenshot({ path: join(CANDELA_SCREENSHOTS, `${name}.png`) });
}

const PLACES = [
  "/",
  "/topology",
  "/filesystems",
  "/servers",
  "/targets",
  "/devices",
  "/ha-clusters",
  "/spec",
  "/plan",
  "/jobs",
  "/events",
  "/account",
  "/create",
  "/maintenance",
  "/filesystems/lab01",
  "/targets/lab01-OST0003",
];

const tests = {
  async "a wrong password is refused with a word, and the right one lets in"() {
    const page = await visitor();
    await login(page, "not the password");
    await page.waitForSelector("[role=alert]");
    assert.equal(await page.inputValue("input[name=password]"), "");
    assert.equal(await page.inputValue("input[name=user]"), CANDELA_USER);
    await login(page);
    await page.waitForSelector("nav", { state: "attached" });
    await picture(page, "overview");
    await page.getByText("Log out").click();
    await page.waitForSelector("input[name=password]");
  },

  async "the overview shows what the API knows"() {
    const page = await member();
    const systems = await ask(page, "/filesystems");
    assert.ok(systems.items.length > 0, "the demo has file systems");
    for (const { name } of systems.items) await page.waitForSelector(`main >> text="${name}"`);
    const servers = await ask(page, "/servers?limit=1");
    const shown = await page.locator("main a[href='/servers']").first().textContent();
    assert.ok(shown.includes(String(servers.total)), `${shown} does not tell ${servers.total}`);
  },

  async "what changes is seen without reload"() {
    const page = await member();
    await visit(page, "/events");
    const before = await page.locator("main h1 small").textContent();
    await page.evaluate(() => Object.assign(globalThis, { isSame: true }));
    const other = await visitor();
    await login(other);
    await other.waitForSelector("nav", { state: "attached" });
    await page.waitForFunction(
      (old) => document.querySelector("main h1 small")?.textContent !== old,
      before,
    );
    await page.waitForSelector(`main >> text=${CANDELA_USER} logged in`);
    assert.equal(await page.evaluate(() => globalThis.isSame), true, "the page was reloaded");
    await other.context().close();
  },

  async "targets are filtered, sorted and opened by keyboard"() {
    const page = await member();
    await visit(page, "/targets");
    const grid = page.getByRole("grid");
    await grid.getByRole("row").nth(2).waitFor();
    await page.getByPlaceholder("Filter").fill("lab01-OST");
    await page.waitForFunction(
      () => document.querySelector("[role=grid]")?.getAttribute("aria-rowcount") === "4",
    );
    const first = () => grid.locator("[aria-rowindex='1']").textContent();
    assert.match(await first(), /lab01-OST0000/);
    const header = grid.getByRole("columnheader").first().getByRole("button");
    await header.click();
    await header.click();
    await page.waitForFunction(() =>
      document.querySelector("[aria-rowindex='1']")?.textContent?.includes("lab01-OST0003"),
    );
    assert.match(page.url(), /q=lab01-OST/);
    await grid.focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/targets\/lab01-OST0003$/);
    await page.goBack();
    assert.equal(await page.getByPlaceholder("Filter").inputValue(), "lab01-OST");
  },

  async "a target says why we think so"() {
    const page = await member();
    const target = await ask(page, "/targets/lab01-OST0003");
    await visit(page, "/targets/lab01-OST0003");
    const why = page.locator("section", { hasText: "Why we think so" });
    for (const { text } of target.evidence.slice(0, 3))
      await why.getByText(text, { exact: false }).first().waitFor();
    await picture(page, "target");
  },

  async "an attention leads to a page that says what to do"() {
    const page = await member();
    await visit(page, "/docs/errors/target-away-from-home");
    assert.ok((await page.locator("main p").count()) > 0);
    await page.goto(new URL("/docs/errors/no-such-code", CANDELA_URL).href);
    await page.getByText("No page explains no-such-code").waitFor();
    complaints = complaints.filter((text) => !text.includes("404"));
  },

  async "a part of a name finds things of every kind"() {
    const page = await member();
    await page.keyboard.press("/");
    await page.getByRole("combobox", { name: "Find" }).fill("lab01");
    await page.getByRole("option").filter({ hasText: "File system" }).waitFor();
    await page.getByRole("option").filter({ hasText: "Target" }).first().waitFor();
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/filesystems\/lab01$/);
    await page.keyboard.press("g");
    await page.keyboard.press("d");
    await page.waitForURL(/\/devices$/);
  },

  async "no place overflows a telephone, and its menu opens"() {
    const page = await member({ viewport: { width: 390, height: 844 } });
    for (const path of PLACES) {
      await visit(page, path);
      await page.waitForLoadState("networkidle").catch(() => {});
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(over <= 0, `${path} is ${over} pixels too wide`);
      await picture(page, `narrow${path.replaceAll(/\W+/g, "-")}`);
    }
    await page.getByRole("button", { name: "Menu" }).click();
    await page.getByRole("link", { name: "Topology" }).click();
    await page.waitForURL(/\/topology$/);
  },

  async "dark is dark, light is light, and the choice is kept"() {
    const page = await member({ colorScheme: "dark" });
    const light = () =>
      page.evaluate(() => {
        const [r, g, b] = getComputedStyle(document.body)
          .backgroundColor.match(/[\d.]+/g)
          .map(Number);
        return (r + g + b) / 3;
      });
    assert.ok((await light()) < 60);
    for (const path of PLACES) {
      await visit(page, path);
      await picture(page, `dark${path.replaceAll(/\W+/g, "-")}`);
    }
    await page.emulateMedia({ colorScheme: "light" });
    assert.ok((await light()) > 200);
  },

  async "ten thousand rows stay smooth: few are drawn, pages are read as one scrolls"() {
    const page = await member();
    const row = (await ask(page, "/targets?limit=1")).items[0];
    const TOTAL = 10_000;
    const asked = [];
    await page.route(/\/api\/v1\/targets\?/, (route) => {
      const query = new URL(route.request().url()).searchParams;
      const offset = Number(query.get("offset") ?? 0);
      const limit = Number(query.get("limit"));
      asked.push(offset);
      const items = Array.from({ length: Math.min(limit, TOTAL - offset) }, (_, i) => {
        const label = `big-OST${(offset + i).toString(16).padStart(4, "0")}`;
        return { ...row, id: label, label };
      });
      return route.fulfill({ json: { items, next: null, total: TOTAL } });
    });
    await visit(page, "/targets");
    await page.getByText("big-OST0000", { exact: true }).waitFor();
    const frames = await page.evaluate(async () => {
      const grid = document.querySelector("[role=grid]");
      const times = [];
      let last = performance.now();
      for (let i = 1; i <= 60; i += 1) {
        grid.scrollTop = (i * grid.scrollHeight) / 120;
        await new Promise((done) => requestAnimationFrame(done));
        const now = performance.now();
        times.push(now - last);
        last = now;
      }
      return {
        median: times.sort((a, b) => a - b)[30],
        drawn: grid.querySelectorAll("[role=row]").length,
      };
    });
    console.log(
      `  10,000 rows: ${frames.drawn} drawn, median frame ${frames.median.toFixed(1)} ms`,
    );
    assert.ok(frames.drawn < 80, `${frames.drawn} rows are drawn`);
    await page.getByRole("grid").focus();
    await page.keyboard.press("End");
    await page.getByText("big-OST270f", { exact: true }).waitFor();
    assert.ok(asked.length < 70, `${asked.length} pages were asked for`);
    assert.ok(asked.includes(9_900));
  },

  async "a spec's mistakes stand at their lines, and its difference is shown before anything is done"() {
    const page = await member();
    await visit(page, "/spec");
    const text = page.getByRole("textbox", { name: "Spec, as YAML" });
    await text.fill("candela: 1\nserverz: []\n");
    const finding = page.getByRole("button", { name: "line 2" });
    await finding.waitFor();
    assert.ok(await page.getByRole("button", { name: "Look at the plan" }).isDisabled());
    await finding.click();
    assert.equal(await text.evaluate((area) => area.selectionStart), "candela: 1\n".length);
    await text.fill("candela: 1\nservers:\n- names: oss01\n- names: no-such-server\n");
    await page.locator("section", { hasText: "Findings" }).getByText("servers[1]").waitFor();
    await page.getByRole("button", { name: "line 4" }).waitFor();
    await picture(page, "spec-findings");
    await page.getByRole("button", { name: "Show changes" }).click();
    await page
      .getByRole("region", { name: "Differences" })
      .getByText("- names: no-such-server")
      .waitFor();
    await page.getByRole("button", { name: "Undo changes" }).click();
    await page.getByText("not applied").waitFor({ state: "detached" });
    // Chromium itself tells of the plan that was refused.
    complaints = complaints.filter((one) => !one.includes("400"));
  },

  async "a spec becomes a plan, a job, and a file system; consent is typed"() {
    const page = await member();
    await apply(page, specOf("mounted"), "made by a test of the page");
    await page.waitForURL(/\/jobs\/.+/);
    await page.getByRole("listbox", { name: /^Steps as a graph/ }).waitFor();
    await picture(page, "job-runs");
    await ended(page);
    await picture(page, "job-done");
    const system = await ask(page, "/filesystems/web");
    assert.equal(system.n_targets, 3);
    // What was run is there to be read.
    await page.getByPlaceholder("Filter steps").fill("format");
    await page
      .getByRole("option", { name: /Format web/ })
      .first()
      .click();
    await page.getByRole("log", { name: "Console" }).getByText("mkfs.lustre").first().waitFor();
    await page.getByRole("link", { name: /web-/ }).first().waitFor();
    await visit(page, "/jobs");
    await page.getByRole("grid").getByRole("row").nth(1).waitFor();
    await picture(page, "jobs");
    await visit(page, "/spec");
    await page.getByText("made by a test of the page").first().waitFor();
    await picture(page, "spec");
  },

  async "what was made is removed again, by going on in the same document"() {
    const page = await member();
    await apply(page, specOf("absent"), "");
    await page.waitForURL(/\/jobs\/.+/);
    await ended(page);
    await visit(page, "/spec");
    await page.getByRole("button", { name: "What it changed" }).first().click();
    await page.getByRole("region", { name: "Differences" }).getByText("state: absent").waitFor();
    await page.getByRole("button", { name: "Go back to it" }).first().click();
    await page.getByText("not applied").waitFor();
  },

  async "a plan that is not the one shown is refused, and the new one is shown"() {
    const page = await member();
    let n = 3;
    const plans = () =>
      page.route(/\/api\/v1\/plan$/, (route) => route.fulfill({ json: bigPlan(n) }));
    await plans();
    await page.route(/\/api\/v1\/jobs$/, (route) => {
      n = 4;
      return route.fulfill({
        status: 409,
        json: {
          type: "",
          code: "plan-changed",
          title: "The world moved.",
          status: 409,
          detail: "",
          remedy: "",
        },
      });
    });
    await visit(page, "/plan");
    const apply = page.getByRole("button", { name: /^Apply/ });
    assert.ok(await apply.isDisabled(), "nothing is applied before the name is typed");
    await page.getByLabel("Type big to agree").fill("bug");
    assert.ok(await apply.isDisabled(), "another name is no consent");
    await page.getByLabel("Type big to agree").fill("big");
    await apply.click();
    await page.getByText("The world moved: this is the plan now.").waitFor();
    await page.getByText("Added: 2 steps").waitFor();
    // Whoever pressed the button far below is taken to it.
    await page.waitForFunction(() => document.activeElement?.getAttribute("role") === "alert");
    assert.equal(await page.getByLabel("Type big to agree").inputValue(), "");
    assert.ok(await apply.isDisabled(), "the new plan needs its own word");
    await picture(page, "plan-moved");
    complaints = complaints.filter((one) => !one.includes("409"));
  },

  async "a job that failed is retried, a step skipped with a reason, and cancelling says what it means"() {
    const page = await member();
    const asked = [];
    const since = new Date(Date.now() - 60_000).toISOString();
    const failure = {
      code: "device-busy",
      text: "mkfs.lustre: the device is in use.",
      remedy: "Unmount it.",
      is_transient: false,
    };
    const states = ["done", "failed", "running", "waiting", "stuck", "waiting"];
    const { title, steps } = bigPlan(3);
    const job = {
      id: "01a1fe22-0000-7000-8000-000000000000",
      title,
      state: "needs_attention",
      by: "user:ann",
      submitted_at: since,
      ended_at: null,
      n_over: 1,
      n_steps: 6,
      n_failed: 1,
      waits_for: "It waits for a person: a step failed; retry it, skip it or cancel the job.",
      steps: steps.map((step, i) => ({
        ...step,
        state: states[i],
        since,
        attempt: states[i] === "waiting" ? 0 : 1,
        failure: states[i] === "failed" ? failure : null,
        is_changed: null,
        seen: null,
        waits_for: null,
      })),
    };
    await page.route(/\/api\/v1\/jobs\/[^/]+(\?.*)?$/, (route) => route.fulfill({ json: job }));
    await page.route(/\/console/, (route) =>
      route.fulfill({ json: { items: [], next: null, total: 0 } }),
    );
    await page.route(/\/jobs\/[^/]+\/(retry|skip|cancel)$/, (route) => {
      const verb = route.request().url().split("/").at(-1);
      asked.push([verb, route.request().postDataJSON()]);
      return route.fulfill({ json: {} });
    });
    await visit(page, `/jobs/${job.id}`);
    await page.getByText("It waits for a person").waitFor();
    // What failed is shown by itself.
    await page.getByText("mkfs.lustre: the device is in use.").waitFor();
    await picture(page, "job-failed");
    await page.getByRole("button", { name: "Retry this step" }).click();
    await page.getByRole("button", { name: "Retry what failed" }).click();
    await page.getByRole("button", { name: "Skip…" }).click();
    const skip = page.getByRole("button", { name: "Skip it" });
    assert.ok(await skip.isDisabled(), "a reason is needed");
    await page.getByRole("textbox", { name: "Why" }).fill("made by hand");
    await skip.click();
    await page.getByRole("button", { name: "Cancel…" }).click();
    await page
      .locator("dialog")
      .getByText(/on oss2: Its command may be killed/)
      .waitFor();
    await picture(page, "job-cancel");
    await page.getByRole("button", { name: "Cancel the job" }).click();
    await page.locator("dialog[open]").waitFor({ state: "detached" });
    assert.deepEqual(asked, [
      ["retry", { step: 1 }],
      ["retry", { step: null }],
      ["skip", { step: 1, reason: "made by hand" }],
      ["cancel", null],
    ]);
    await page.getByRole("button", { name: "1 failed" }).click();
    await page.getByText("1 shown").waitFor();
  },

  async "a plan of ten thousand steps is drawn at once, and stays smooth"() {
    const page = await member();
    const plan = bigPlan(5_000);
    await page.route(/\/api\/v1\/plan$/, (route) => route.fulfill({ json: plan }));
    const before = Date.now();
    await visit(page, "/plan");
    await page.getByRole("button", { name: "Apply 10,000 steps" }).waitFor();
    console.log(`  10,000 steps: shown after ${Date.now() - before} ms`);
    const graph = page.getByRole("listbox", { name: /^Steps as a graph/ });
    assert.ok((await graph.getByRole("option").count()) < 20, "what is alike is folded");
    await page.getByLabel("Fold what is alike").click();
    await page.waitForFunction(() => document.querySelector(".graph .all")?.clientHeight > 100_000);
    for (const name of [/^Steps as a graph/, /^Steps$/]) {
      const box = page.getByRole("listbox", { name });
      const frames = await box.evaluate(scrolled);
      const drawn = await box.getByRole("option").count();
      console.log(`  ${name}: ${drawn} drawn, median frame ${frames.toFixed(1)} ms`);
      assert.ok(drawn < 120, `${drawn} steps are drawn`);
    }
    await graph.focus();
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("ArrowRight");
    await graph.locator("[aria-selected=true]").waitFor();
    await picture(page, "plan-large");
  },

  async "a token is shown once, and works until it is ended"() {
    const page = await member();
    await visit(page, "/account");
    await page.getByPlaceholder("What it is for").fill("browser test");
    await page.getByRole("button", { name: "Make a token" }).click();
    const token = (
      await page
        .locator("main, dialog")
        .getByText(/^candela_/)
        .first()
        .textContent()
    ).trim();
    const whoami = () => fetchWith(token, new URL("/api/v1/servers?limit=1", CANDELA_URL).href);
    assert.equal(await whoami(), 200);
    const line = page.locator("li", { hasText: "browser test" });
    await line.getByRole("button", { name: "End" }).click();
    await line.waitFor({ state: "detached" });
    assert.equal(await whoami(), 401);
  },
};

/** A file system on the last pair of the demo's simulated servers. */
function specOf(state) {
  return `candela: 1
servers:
- names: oss[05-06]
ha_groups:
- name: pair
  servers: oss[05-06]
  manager: none
networks:
- {net: tcp, interfaces: [eth0]}
filesystems:
- name: web
  state: ${state}
  mdts:
  - {count: 1, select: {}}
  osts:
  - {count: 2, select: {}}
`;
}

/** Writes a spec, looks at its plan, agrees to what is lost, and applies it. */
async function apply(page, text, note) {
  await visit(page, "/spec");
  await page.getByRole("textbox", { name: "Spec, as YAML" }).fill(text);
  await page.getByRole("button", { name: "Look at the plan" }).click();
  await page.getByLabel("Type web to agree").fill("web");
  await page.getByRole("option").first().waitFor();
  await picture(page, "plan");
  if (note) await page.getByLabel("Why, in your words").fill(note);
  await page.getByRole("button", { name: /^Apply/ }).click();
}

/** Waits until the job that is shown is done. */
async function ended(page) {
  const [, id] = /\/jobs\/(.+)$/.exec(page.url());
  await page
    .locator("main h1 + .state", { hasText: /^done$/ })
    .waitFor({ timeout: JOB_WAIT_MS })
    .catch(async () => {
      const { state, waits_for, steps } = await ask(page, `/jobs/${id}`);
      const failed = steps.filter((step) => step.failure).map((step) => step.failure.text);
      assert.fail(`the job is ${state}: ${waits_for}\n${failed.slice(0, 5).join("\n")}`);
    });
  const job = await ask(page, `/jobs/${id}`);
  assert.equal(job.state, "done");
  assert.equal(job.n_over, job.n_steps);
}

/** A plan with a step of LNet and a format on each of `n` servers. */
function bigPlan(n) {
  const step = (number, server, title, kind, after, erases) => ({
    number,
    server: { id: server, name: server },
    title,
    kind,
    why: "It is not there yet.",
    commands: [`${kind} ${title}`],
    class: erases.length > 0 ? "disk-writing" : "service",
    deadline_s: 60,
    after,
    feels: [],
    undo: "Nothing has to be undone.",
    cancel: "Its command may be killed.",
    erases,
    closes: null,
    touches: [],
  });
  const steps = [];
  const consent_needed = [];
  for (let i = 0; i < n; i += 1) {
    const server = `oss${i + 1}`;
    const device = `disk-${i}`;
    const target = `big-OST${i.toString(16).padStart(4, "0")}`;
    steps.push(step(2 * i, server, "Configure LNet", "lnet_up", [], []));
    steps.push(step(2 * i + 1, server, `Format ${target}`, "target_formatted", [2 * i], [device]));
    consent_needed.push({
      device,
      signature: "blank",
      target,
      word: "big",
      server: { id: server, name: server },
      why: "",
    });
  }
  return {
    hash: `${n}`.padStart(64, "0"),
    base_version: 0,
    title: "Create file system big",
    is_ready: false,
    steps,
    waiting: [],
    consent_needed,
    findings: [],
    spec: null,
  };
}

/** Scrolls through a box; the median time of a frame, milliseconds. */
async function scrolled(box) {
  const times = [];
  let last = performance.now();
  for (let i = 1; i <= 40; i += 1) {
    box.scrollTop = (i * box.scrollHeight) / 80;
    await new Promise((done) => requestAnimationFrame(done));
    const now = performance.now();
    times.push(now - last);
    last = now;
  }
  return times.sort((a, b) => a - b)[20];
}

/** The status of an answer to a bearer of `token`, without any cookie. */
async function fetchWith(token, url) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const answer = await context.request.get(url, { headers: { authorization: `Bearer ${token}` } });
  await context.close();
  return answer.status();
}

const lent = { member, visitor, login, visit, ask, picture, password: CANDELA_PASSWORD };
Object.assign(tests, changing(lent));

let passed = 0;
const failed = [];
const word = process.argv[2] ?? "";
for (const [name, test] of Object.entries(tests)) {
  if (!name.includes(word)) continue;
  complaints = [];
  try {
    await test();
    assert.deepEqual(complaints, [], "the page complained");
    passed += 1;
    console.log(`browser: ${name}: ok`);
  } catch (error) {
    failed.push(name);
    console.log(`browser: ${name}: FAILED\n${error.stack ?? error}`);
    for (const context of browser.contexts())
      for (const page of context.pages()) await picture(page, `failed-${failed.length}`);
  } finally {
    for (const context of browser.contexts()) await context.close();
  }
}
await browser.close();
console.log(`browser: ${passed} passed, ${failed.length} failed`);
process.exit(failed.length > 0 ? 1 : 0);
