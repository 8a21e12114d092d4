// What changes servers, tried on the demo's simulated ones.

import assert from "node:assert/strict";

/** Longest wait for a job of the simulated servers, milliseconds. */
const JOB_MS = 240_000;

/** Longest wait for what follows by itself, milliseconds. */
const SOON_MS = 30_000;

/** Chooses a verb of a thing from its menu: that of the page, or one of another thing on it. */
async function chosen(page, name, verb, isPages = false) {
  const button = isPages ? "Actions…" : `Actions on ${name}`;
  await page.getByRole("button", { name: button, exact: true }).first().click();
  const dialog = page.getByRole("dialog", { name: `Actions on ${name}` });
  await dialog.getByRole("button", { name: verb, exact: true }).click();
}

/** Asks again and again until it is so. */
async function until(isSo, what) {
  const end = Date.now() + SOON_MS;
  while (!(await isSo())) {
    assert.ok(Date.now() < end, `never: ${what}`);
    await new Promise((done) => setTimeout(done, 250));
  }
}

/** The tests, with what the runner lends them. */
export function changing({ member, visitor, login, visit, ask, picture, password }) {
  /** Agrees to the plan that is shown, applies it, and waits until its job is done. */
  async function carriedOut(page, name) {
    await page.waitForURL(/\/plan$/);
    const apply = page.getByRole("button", { name: /^Apply \d/ });
    const end = Date.now() + JOB_MS;
    // The world may move between the plan that is shown and its job.
    while (!/\/jobs\//.test(page.url())) {
      assert.ok(Date.now() < end, "the plan is never taken");
      await apply.waitFor();
      for (const box of await page.getByRole("textbox", { name: /^Type .* to agree$/ }).all())
        await box.fill((await box.getAttribute("aria-label")).match(/^Type (.*) to agree$/)[1]);
      await picture(page, `${name}-plan`);
      await apply.click();
      const moved = page.getByText("The world moved: this is the plan now.");
      await Promise.race([page.waitForURL(/\/jobs\//), moved.waitFor()]);
    }
    const job = page.url().match(/\/jobs\/([^/?]+)/)[1];
    let found = {};
    do {
      assert.ok(Date.now() < end, `the job is ${found.state}: ${found.waits_for}`);
      await page.waitForTimeout(300);
      found = await ask(page, `/jobs/${job}`);
    } while (found.state === "running");
    await picture(page, `${name}-job`);
    assert.equal(found.state, "done", found.waits_for);
  }

  /** The HA cluster of a server. */
  async function clusterOf(page, server) {
    return (await ask(page, `/servers/${server}`)).ha_cluster;
  }

  return {
    async "what may not be done is shown with the reason, and by keyboard"() {
      const page = await member();
      await visit(page, "/targets/lab01-OST0003");
      await page.getByRole("button", { name: "Actions" }).press("Enter");
      const list = page.getByRole("list", { name: "Actions on lab01-OST0003" });
      const verbs = (await ask(page, "/allowed?thing=lab01-OST0003&noun=target")).verbs;
      assert.ok(verbs.length > 0);
      const dialog = page.getByRole("dialog", { name: "Actions on lab01-OST0003" });
      for (const { why_not } of verbs.filter((one) => one.why_not))
        await dialog.getByText(why_not, { exact: false }).first().waitFor();
      const first = list.getByRole("button").first();
      await first.focus();
      await page.keyboard.press("ArrowDown");
      assert.equal(
        await list
          .getByRole("button")
          .nth(1)
          .evaluate((e) => e === document.activeElement),
        true,
      );
      await picture(page, "actions");
      await page.keyboard.press("Escape");
      await list.waitFor({ state: "detached" });
    },

    async "a file system is made: wizard, disks by hand, fencing, layout, plan, consent, job"() {
      const page = await member();
      await visit(page, "/create");
      await page.getByLabel("Name").fill("lab");
      await page.getByRole("button", { name: "Next: Servers" }).click();
      for (const what of ["MDTs on mds01", "MDTs on mds02", "OSTs on oss01", "OSTs on oss02"])
        await page.getByRole("checkbox", { name: what }).check();
      await picture(page, "create-servers");
      await page.getByRole("button", { name: "Next: Disks" }).click();
      await page.getByRole("radio", { name: /^I pick them/ }).check();
      // What belongs to the system cannot be picked, and it is said why.
      await page.getByRole("cell", { name: "It is mounted on oss01." }).waitFor();
      // Each server counts its disks in its own way.
      const disks = page.getByRole("checkbox", { name: /^OST on \S+ of oss01, oss02( \(\S+\))?$/ });
      // Disks of servers that hold none of its targets are not on offer.
      await page.getByRole("checkbox", { name: /oss03/ }).first().waitFor({ state: "detached" });
      for (const nth of [0, 1]) await disks.nth(nth).check();
      await page.getByText("2 for OSTs, 0 for MDTs").waitFor();
      await picture(page, "create-disks");
      await page.getByRole("button", { name: "Next: Options" }).click();
      assert.ok(await page.getByRole("spinbutton", { name: "OSTs" }).isDisabled());
      // Servers tell where their BMCs are; how to log in there is said once.
      await page.getByRole("button", { name: "Turn them off by it" }).click();
      await page.getByRole("list", { name: "Addresses of BMCs" }).getByText("10.30.0.3").waitFor();
      await page.getByText("Give the user whom the BMCs let in.").waitFor();
      await page.getByRole("textbox", { name: "User" }).fill("admin");
      await page.getByText("Give the user whom the BMCs let in.").waitFor({ state: "detached" });
      await picture(page, "create-options");
      await page.getByRole("button", { name: "Next: Layout" }).click();
      await page.getByRole("list", { name: "At home on oss02" }).getByText("lab-OST0001").waitFor();
      await picture(page, "create-layout");
      await page.getByRole("button", { name: "Show the plan" }).click();
      await carriedOut(page, "create");
      await visit(page, "/filesystems/lab");
      await page.getByText("healthy").first().waitFor();
      const system = await ask(page, "/filesystems/lab");
      assert.deepEqual([system.n_osts, system.n_mounted], [2, system.n_targets]);
      const { ha_cluster } = await ask(page, "/servers/oss01");
      const ha = await ask(page, `/ha-clusters/${encodeURIComponent(ha_cluster.id)}`);
      assert.equal(ha.fence_devices.length, 2);
    },

    async "a file system grows on a disk that is proposed"() {
      const page = await member();
      await visit(page, "/filesystems/lab");
      await chosen(page, "lab", "Grow…", true);
      await page.waitForURL(/\/create\?grow=lab$/);
      await page.getByRole("textbox", { name: /^For objects/ }).fill("oss[01-02]");
      await page.getByRole("button", { name: "Next: Disks" }).click();
      await page.getByRole("button", { name: "Next: Options" }).click();
      await page.getByRole("spinbutton", { name: "OSTs" }).fill("1");
      await page.getByRole("button", { name: "Next: Layout" }).click();
      await page.getByText("lab-OST0002").first().waitFor();
      await page.getByRole("button", { name: "Show the plan" }).click();
      await carriedOut(page, "grow");
      assert.equal((await ask(page, "/filesystems/lab")).n_osts, 3);
    },

    async "from its HA cluster's page a target is failed over, and all are failed back"() {
      const page = await member();
      const where = async () => (await ask(page, "/targets/lab-OST0000")).mounted_on;
      const runsOn = (name) => until(async () => (await where()) === name, `it runs on ${name}`);
      await runsOn("oss01");
      const cluster = await clusterOf(page, "oss01");
      await visit(page, `/ha-clusters/${encodeURIComponent(cluster.id)}`);
      await chosen(page, "lab-OST0000", "Fail over…");
      await carriedOut(page, "failover");
      await runsOn("oss02");
      await visit(page, `/ha-clusters/${encodeURIComponent(cluster.id)}`);
      await page.getByText("oss02", { exact: true }).first().waitFor();
      await picture(page, "ha-failed-over");
      await chosen(page, cluster.name, "Fail all back…", true);
      await carriedOut(page, "failback");
      await runsOn("oss01");
    },

    async "a server is drained, returned and rebooted"() {
      const page = await member();
      const runs = async () => (await ask(page, "/servers/oss01")).mounted.length;
      await until(async () => (await runs()) > 0, "oss01 runs something");
      const n = await runs();
      const cluster = await clusterOf(page, "oss01");
      for (const [verb, left] of [
        ["Drain…", 0],
        ["Return to service…", 0],
      ]) {
        await visit(page, `/ha-clusters/${encodeURIComponent(cluster.id)}`);
        await chosen(page, "oss01", verb);
        await carriedOut(page, verb.split("…")[0].toLowerCase().replaceAll(" ", "-"));
        await until(async () => (await runs()) === left, `oss01 runs ${left} after ${verb}`);
      }
      // What moved stays until a person says otherwise.
      await visit(page, `/ha-clusters/${encodeURIComponent(cluster.id)}`);
      await chosen(page, cluster.name, "Fail all back…", true);
      await carriedOut(page, "all-back");
      await until(async () => (await runs()) === n, `oss01 runs ${n} again`);
      const boot = async () => (await ask(page, "/servers/oss02")).identity.boot_id;
      const before = await boot();
      await visit(page, "/servers/oss02");
      await chosen(page, "oss02", "Reboot…", true);
      await carriedOut(page, "reboot");
      await until(async () => (await boot()) !== before, "oss02 has booted");
    },

    async "a file system is removed only by the word of its name"() {
      const page = await member();
      await visit(page, "/filesystems/lab");
      await chosen(page, "lab", "Remove…", true);
      await page.waitForURL(/\/plan$/);
      const apply = page.getByRole("button", { name: /^Apply/ });
      const word = page.getByRole("textbox", { name: "Type lab to agree" });
      await word.fill("bal");
      assert.equal(await apply.isDisabled(), true, "another name is taken for consent");
      await picture(page, "remove-plan");
      await carriedOut(page, "remove");
      await until(async () => {
        const systems = (await ask(page, "/filesystems?limit=100")).items;
        return !systems.some(({ name }) => name === "lab");
      }, "lab is gone");
    },

    async "jobs are found by their state and by a word"() {
      const page = await member();
      const all = (await ask(page, "/jobs?limit=1")).total;
      const grown = (await ask(page, "/jobs?q=grow")).total;
      assert.ok(grown > 0 && grown < all, `${grown} of ${all} jobs are of growing`);
      await visit(page, "/jobs");
      const rows = (n) =>
        page.waitForFunction(
          (n) => document.querySelector("[role=grid]")?.getAttribute("aria-rowcount") === `${n}`,
          n,
        );
      await rows(all);
      await page.getByPlaceholder("Filter").fill("grow");
      await rows(grown);
      await page.getByRole("row").nth(1).getByText("Grow file system lab").waitFor();
      assert.match(page.url(), /q=grow/);
      await page.getByRole("combobox", { name: "State" }).selectOption("Not ended");
      await page
        .getByText(/No job|Nothing/)
        .first()
        .waitFor();
      await page.getByRole("combobox", { name: "State" }).selectOption("Done");
      await rows(grown);
    },

    async "an HA cluster shows its targets as each side says them"() {
      const page = await member();
      const clusters = (await ask(page, "/ha-clusters?limit=100")).items;
      assert.ok(clusters.length > 0);
      for (const cluster of clusters.filter((one) => one.targets.length > 0).slice(0, 2)) {
        const rows = (await ask(page, `/ha-clusters/${encodeURIComponent(cluster.id)}/targets`))
          .items;
        await visit(page, `/ha-clusters/${encodeURIComponent(cluster.id)}`);
        const table = page.getByRole("table", { name: "Targets, side by side" });
        for (const row of rows.slice(0, 3)) {
          const line = table.getByRole("row").filter({ hasText: row.target.name }).first();
          await line.waitFor();
          for (const one of row.disagreements)
            assert.ok((await line.textContent()).includes(one.text), `${one.text} is not shown`);
        }
        await picture(page, `ha-${cluster.name.replaceAll(/\W+/g, "-")}`);
      }
    },

    async "it is told whether a server may be stopped, and what runs there"() {
      const page = await member();
      const servers = (await ask(page, "/servers?limit=100")).items;
      const busy = servers.find((one) => one.state === "online" && one.mounted.length > 0);
      await visit(page, "/maintenance");
      await page.getByPlaceholder("Name of a server").fill(busy.name);
      await page.getByRole("button", { name: "Ask" }).click();
      const said = page.getByRole("status").filter({ hasText: `${busy.name}:` });
      await said.waitFor();
      assert.match(
        await said.textContent(),
        /not safe to stop|safe after a drain|not all can move/,
      );
      await page.getByRole("link", { name: busy.mounted[0].name }).first().waitFor();
      await picture(page, "maintenance");
    },

    async "one's own password is changed, and the old one is refused then"() {
      const page = await member();
      const change = async (from, to) => {
        await visit(page, "/account");
        await page.getByLabel("Current password").fill(from);
        await page.getByLabel("New password").fill(to);
        const send = page.getByRole("button", { name: "Change it" });
        await page.getByLabel("The new one again").fill(`${to}x`);
        assert.equal(await send.isDisabled(), true);
        await page.getByLabel("The new one again").fill(to);
        await send.click();
        await page.getByText("Changed.").waitFor();
      };
      await change(password, "another long password");
      try {
        const other = await visitor();
        await login(other, password);
        await other.waitForSelector("[role=alert]");
        await other.context().close();
      } finally {
        await change("another long password", password);
      }
    },
  };
}
