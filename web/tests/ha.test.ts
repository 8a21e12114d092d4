import { expect, test } from "vitest";
import { lastOf, type Operation, pastOf } from "../src/pages/ha/past";
import { marked } from "../src/pages/ha/sides";

const op = (
  task: string,
  node: string,
  second: number,
  more: Partial<Operation> = {},
): Operation => ({
  resource: "ost0",
  node,
  task,
  code: 0,
  said: "ok",
  clock: `2026-11-21 10:00:${String(second).padStart(2, "0")}Z`,
  at: new Date(Date.UTC(2026, 10, 21, 10, 0, second)).toISOString(),
  ...more,
});
const cluster = {
  operations: [] as Operation[],
  fence_history: [] as { target: string; action: string; status: string; at: string }[],
  nodes: [{ name: "oss1", state: "online" }],
  constraints: [] as { id: string; kind: string; resource: string; with: string }[],
  maintenance: false,
};

test("operations close upon each other are one change", () => {
  const old = op("start", "oss1", 0, { at: "2026-11-21T08:00:00Z" });
  const told = lastOf([op("start", "oss2", 9), op("stop", "oss1", 3), old]);
  expect(told.map(({ task }) => task)).toEqual(["stop", "start"]);
  expect(lastOf([])).toEqual([]);
});

test("a stop and a start elsewhere are a move, and an order says why", () => {
  const past = pastOf({
    ...cluster,
    operations: [op("start", "oss2", 9), op("stop", "oss1", 3)],
    constraints: [
      { id: "cli-prefer-ost0", kind: "location", resource: "ost0", with: "oss2" },
      { id: "cli-prefer-ost9", kind: "location", resource: "ost9", with: "oss1" },
    ],
  });
  expect(past?.did).toEqual([{ text: "ost0 moved from oss1 to oss2", isWell: true }]);
  expect(past?.why).toEqual(["somebody asked for ost0 to run on oss2"]);
});

test("a take-over is told by its fencing, and old fencing is not", () => {
  const past = pastOf({
    ...cluster,
    operations: [op("start", "oss2", 50), op("start", "oss1", 30)],
    nodes: [{ name: "oss1", state: "offline" }],
    fence_history: [
      { target: "oss1", action: "reboot", status: "success", at: "2026-11-21T10:00:40Z" },
      { target: "oss2", action: "off", status: "success", at: "2026-11-20T10:00:00Z" },
    ],
  });
  expect(past?.did).toEqual([{ text: "ost0 was started on oss2", isWell: true }]);
  expect(past?.why).toEqual(["oss1 was fenced (reboot: success)", "oss1 is not joined"]);
});

test("what failed says so, and what stopped alone is no move", () => {
  const past = pastOf({
    ...cluster,
    operations: [
      op("start", "oss2", 9, { code: 1, said: "busy" }),
      op("stop", "oss1", 3, { resource: "mgs" }),
    ],
  });
  expect(past?.did.map(({ text }) => text)).toEqual([
    "ost0: start on oss2 failed (busy)",
    "mgs was stopped on oss1",
  ]);
  expect(past?.why).toEqual(["ost0 could not start on oss2"]);
});

test("without offsets, order is that of the cluster's clock", () => {
  const bare = (clock: string, task: string): Operation => ({
    resource: "r",
    node: "a",
    task,
    code: 0,
    clock,
  });
  const past = pastOf({
    ...cluster,
    operations: [bare("2020-08-19 01:09:21", "stop"), bare("2020-08-19 01:09:30", "start")],
  });
  expect(past?.at).toBe("2020-08-19 01:09:30");
  expect(past?.did).toEqual([{ text: "r was started on a", isWell: true }]);
});

test("the sides that a code is about are marked", () => {
  expect([...marked([{ code: "ha-disagrees" }, { code: "brand-new" }])]).toEqual([
    "pacemaker",
    "mounts",
  ]);
});
