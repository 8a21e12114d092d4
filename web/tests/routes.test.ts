import { expect, test } from "vitest";
import { hrefOf, match } from "../src/router/routes";

test("each thing's address leads back to it, whatever its id holds", () => {
  for (const id of ["lab01-OST0003", "dataset:12/lab-ost1/ost1", "a b%c?d#e", "shared.node1.node2"])
    for (const [noun, list] of [
      ["server", "servers"],
      ["target", "targets"],
      ["filesystem", "filesystems"],
      ["device", "devices"],
      ["ha-cluster", "ha-clusters"],
      ["job", "jobs"],
    ] as const)
      expect(match(hrefOf(noun, id))).toEqual({ page: `${list}/one`, id });
});

test("lists, error pages and places that are not there", () => {
  expect(match("/").page).toBe("overview");
  expect(match("/targets/").page).toBe("targets");
  expect(match("/docs/errors/target.away")).toEqual({ page: "docs/errors", id: "target.away" });
  expect(match("/servers/one/two").page).toBe("none");
  expect(match("/%E0%A4%A").page).toBe("%E0%A4%A");
});
