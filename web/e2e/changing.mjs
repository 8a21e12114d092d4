// What changes servers, tried on the demo's simulated ones.

import assert from "node:assert/strict";

/** Longest wait for a job of the simulated servers, milliseconds. */
const JOB_MS = 240_000;

/** The tests, with what the runner lends them. */
export function changing({ member, visitor, login, visit, ask, picture, password }) {
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

    async "a file system is made: wizard, layout, plan, consent, job"() {
      const page = await member();
      await visit(page, "/create");
      const name = `e${Date.now().toString(36).slice(-6)}`;
      await page.getByLabel("Name").fill(name);
      await page.getByRole("button", { name: "Next: Servers" }).click();
      await page
        .getByRole("checkbox", { name: /^OSTs on / })
        .first()
        .waitFor();
      await picture(page, "create-servers");
      await page.getByRole("button", { name: "Next: Options" }).click();
      await page.getByRole("spinbutton", { name: "OSTs" }).fill("2");
      await picture(page, "create-options");
      await page.getByRole("button", { name: "Next: Layout" }).click();
      await page.getByText(`${name}-OST0001`).first().waitFor();
      await picture(page, "create-layout");
      await page.getByRole("button", { name: "Show the plan" }).click();
      await page.waitForURL(/\/plan$/);
      const apply = page.getByRole("button", { name: /^Apply \d/ });
      await apply.waitFor();
      const word = page.getByRole("textbox", { name: /^Type .* to agree$/ });
      if ((await word.count()) > 0) {
        assert.equal(await apply.isDisabled(), true, "it may be applied without consent");
        for (const box of await word.all())
          await box.fill((await box.getAttribute("aria-label")).match(/^Type (.*) to agree$/)[1]);
      }
      await picture(page, "create-plan");
      await apply.click();
      await page.waitForURL(/\/jobs\//);
      const job = page.url().match(/\/jobs\/([^/?]+)/)[1];
      const end = Date.now() + JOB_MS;
      let state = "";
      while (Date.now() < end) {
        state = (await ask(page, `/jobs/${job}`)).state;
        if (state !== "running") break;
        await page.waitForTimeout(500);
      }
      await picture(page, "create-job");
      assert.equal(state, "done");
      await visit(page, `/filesystems/${name}`);
      await page.getByText("healthy").first().waitFor();
      const system = await ask(page, `/filesystems/${name}`);
      assert.equal(system.n_mounted, system.n_targets);
      assert.equal(system.n_osts, 2);
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
