import { expect, test } from "vitest";
import { diff, hunks } from "../src/pages/spec/diff";
import { lineOf, parts, placeIn } from "../src/pages/spec/locate";

const SPEC = `candela: 1
# a note
servers:
- names: oss[1-2]
  state: drained
- names: mds1
filesystems:
  - name: scratch
    mgs:
      own:
        devices:
          - one
    mdts:
      -
        count: 1
    osts:
    - count: 4
    - devices: [a, b]
      "mkfs_options": -E lazy
policy:
  per_server_max: 2
`;

test.each([
  ["candela", 1],
  ["servers", 3],
  ["servers[0]", 4],
  ["servers[0].names", 4],
  ["servers[0].state", 5],
  ["servers[1].names", 6],
  ["filesystems[0].name", 8],
  ["filesystems[0].mgs.own.devices[0]", 12],
  ["filesystems[0].mdts[0].count", 15],
  ["filesystems[0].osts[0].count", 17],
  ["filesystems[0].osts[1].devices[1]", 18],
  ["filesystems[0].osts[1].mkfs_options", 19],
  ["policy.per_server_max", 21],
  ["servers[7].names", 3],
  ["filesystems[0].osts[1].zpool.layout", 18],
  ["clients[0]", undefined],
])("%s stands on line %s", (path, line) => expect(lineOf(SPEC, path)).toBe(line));

test("a path is names and places, and a sentence may name a line", () => {
  expect(parts("a.b[3].c")).toEqual(["a", "b", 3, "c"]);
  expect(placeIn("The spec cannot be read, line 12, column 3: no")).toBe(12);
  expect(placeIn("a pipeline 3")).toBeUndefined();
});

/** The old and the new text, put together again from their difference. */
function again(old: string, now: string): [string, string] {
  const lines = diff(old, now);
  const take = (kind: string) =>
    lines
      .filter((line) => line.kind !== kind)
      .map((line) => line.text)
      .join("\n");
  return [take("new"), take("old")];
}

test("a difference holds both texts, and no more changes than needed", () => {
  const pairs: [string, string][] = [
    ["a\nb\nc", "a\nx\nc"],
    ["", "a\nb"],
    ["a\nb", ""],
    ["a\nb\nc\na\nb\nb\na", "c\nb\na\nb\na\nc"],
    ["x\na\nb\nx", "x\nb\na\nx"],
    ["same", "same"],
  ];
  for (const [old, now] of pairs) expect(again(old, now)).toEqual([old, now]);
  const n = diff("a\nb\nc\na\nb\nb\na", "c\nb\na\nb\na\nc").filter((line) => line.kind !== "same");
  expect(n).toHaveLength(5);
});

test("lines keep their numbers, and far ones are left out", () => {
  const old = Array.from({ length: 40 }, (_, i) => `line ${i}`);
  const now = old.with(20, "other");
  const shown = hunks(diff(old.join("\n"), now.join("\n")));
  expect(shown[0]).toEqual({ kind: "gap", n: 17 });
  expect(shown.at(-1)).toEqual({ kind: "gap", n: 16 });
  expect(shown).toContainEqual({ kind: "old", text: "line 20", old: 21 });
  expect(shown).toContainEqual({ kind: "new", text: "other", now: 21 });
  expect(shown).toContainEqual({ kind: "same", text: "line 22", old: 23, now: 23 });
});
