import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { blocksOf, spans } from "../src/ui/markdown";

test("a page is read block by block", () => {
  expect(blocksOf("# T\n\nOne\ntwo.\n\n## H\n- a\n- b\n```\nx\n")).toEqual([
    { kind: "title", text: "T" },
    { kind: "text", text: "One two." },
    { kind: "heading", text: "H" },
    { kind: "list", items: ["a", "b"] },
    { kind: "code", text: "x\n" },
  ]);
  expect(spans("run `lctl dl` now")).toEqual(["run ", "lctl dl", " now"]);
});

const folder = new URL("../../docs/errors/", import.meta.url);
test.each(readdirSync(folder).filter((name) => name.endsWith(".md")))(
  "%s holds nothing that the page shows as raw Markdown",
  (name) => {
    const blocks = blocksOf(readFileSync(new URL(name, folder), "utf8"));
    expect(blocks[0]?.kind).toBe("title");
    for (const block of blocks) {
      if (block.kind === "code") continue;
      const text = block.kind === "list" ? block.items.join("\n") : block.text;
      expect(text).not.toMatch(/^\s*[|>#]|\*\*|\]\(/m);
      expect(spans(text).length % 2, `backticks in ${text}`).toBe(1);
    }
  },
);
