import { expect, test } from "vitest";
import { commonReason, ordered, titleOf, wordOf } from "../src/pages/actions/verbs";

test("a verb is called by its noun, and a new one by its own name", () => {
  expect(wordOf("server", "remove").title).toBe("Remove from the spec");
  expect(wordOf("filesystem", "remove").means).toContain("lost");
  expect(wordOf("target", "make_tea")).toEqual({ title: "Make tea", means: "" });
  expect(titleOf("target", "failover", "lab-OST0001")).toBe("Fail over: lab-OST0001");
  expect(titleOf("server", "return", "oss1")).toBe("Return oss1 to service");
});

test("what may be done comes first, in its own order", () => {
  const verbs = [
    { verb: "a", is_allowed: false },
    { verb: "b", is_allowed: true },
    { verb: "c", is_allowed: false },
    { verb: "d", is_allowed: true },
  ];
  expect(ordered(verbs).map(({ verb }) => verb)).toEqual(["b", "d", "a", "c"]);
});

test("a reason that all have is told once", () => {
  expect(commonReason([{ why_not: "a" }, { why_not: "a" }])).toBe("a");
  expect(commonReason([{ why_not: "a" }, { why_not: "b" }])).toBeUndefined();
  expect(commonReason([{ why_not: "a" }, { why_not: null }])).toBeUndefined();
  expect(commonReason([{ why_not: null }, { why_not: null }])).toBeUndefined();
});
