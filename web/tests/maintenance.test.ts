import { expect, test } from "vitest";
import { answer } from "../src/pages/maintenance/safe";

const free = { is_allowed: true, warnings: [] as string[] };

test("a server with nothing on it is safe to stop", () => {
  const said = answer({ n_mounted: 0, n_clients: 0, isOnline: true, drain: free });
  expect([said.tone, said.word]).toEqual(["good", "safe to stop"]);
  expect(said.text).toContain("drain it too");
  const drained = answer({
    n_mounted: 0,
    n_clients: 1,
    isOnline: true,
    drain: free,
    back: { is_allowed: true },
  });
  expect(drained.tone).toBe("warn");
  expect(drained.text).toContain("1 mount of it");
});

test("what it serves must be able to move", () => {
  const ask = { n_mounted: 2, n_clients: 0, isOnline: true };
  expect(answer({ ...ask, drain: free }).word).toBe("safe after a drain");
  const stuck = answer({ ...ask, drain: { ...free, is_allowed: false, why_not: "No heir." } });
  expect([stuck.tone, stuck.text]).toEqual(["bad", "It serves 2 targets. No heir."]);
  const partly = answer({ ...ask, drain: { ...free, warnings: ["lab-OST0001 stops."] } });
  expect([partly.tone, partly.word]).toEqual(["warn", "not all can move"]);
});

test("of a silent server nothing is promised", () => {
  expect(answer({ n_mounted: 0, n_clients: 0, isOnline: false, drain: free }).tone).toBe("none");
});
