import { expect, test } from "vitest";
import type { Schemas } from "../src/api/client";
import { seenBy } from "../src/pages/devices/seen";

function disk(...paths: string[]): Schemas["Device"] {
  const seen = paths.map((path, i) => ({ server: { id: `${i}`, name: `oss${i}` }, path }));
  return { path: paths[0] ?? "", seen_by: seen } as Schemas["Device"];
}

test("a server that sees a disk by another path says so", () => {
  expect(seenBy(disk("/dev/sdb", "/dev/sdb"))).toEqual(["oss0", "oss1"]);
  expect(seenBy(disk("/dev/sdb", "/dev/sdd"))).toEqual(["oss0", "oss1 (/dev/sdd)"]);
  expect(seenBy(disk())).toEqual([]);
});
