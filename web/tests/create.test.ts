import { expect, test } from "vitest";
import { groupsOf, type Placed, warningsOf } from "../src/pages/create/layout";
import {
  addressOf,
  empty,
  fenceLack,
  nameFault,
  names,
  picked,
  toggled,
  wishOf,
} from "../src/pages/create/wish";

const alone = [{ name: "oss1" }];
const pair = [{ name: "oss1" }, { name: "oss2" }];

test("a name is judged before it is sent", () => {
  expect(nameFault("scratch")).toBe("");
  expect(nameFault("")).not.toBe("");
  expect(nameFault("farTooLong")).not.toBe("");
  expect(nameFault("a b")).not.toBe("");
});

test("what is not chosen is left to the proposal", () => {
  const wish = wishOf({ ...empty(), name: "scratch" }, alone);
  expect(wish).toMatchObject({ name: "scratch", back_end: "ldiskfs" });
  expect([wish.mgs, wish.n_osts, wish.ost_pool, wish.ha, wish.fencing]).toEqual([
    null,
    null,
    null,
    null,
    null,
  ]);
});

test("what is chosen is in the wish", () => {
  const choice = empty();
  choice.backEnd = "zfs";
  choice.mgs = "of home";
  choice.nOsts = " 4 ";
  choice.nMdts = "many";
  choice.ostPool = { layout: "raidz2", n: 8 };
  choice.fence = {
    agent: "fence_ipmilan",
    address: "{server}-bmc",
    user: "root",
    secret: "bmc",
    more: " lanplus=1 ",
  };
  const wish = wishOf(choice, pair);
  expect(wish.mgs).toEqual({ of: "home" });
  expect([wish.n_osts, wish.n_mdts]).toEqual([4, null]);
  expect(wish.ost_pool).toEqual({ layout: "raidz2", n_devices: 8 });
  expect(wish.fencing?.servers).toEqual({ oss1: { ip: "oss1-bmc" }, oss2: { ip: "oss2-bmc" } });
  expect(wish.fencing?.parameters).toEqual({ username: "root", lanplus: "1" });
  expect(addressOf("10.30.0.{n}", { name: "oss2" }, 1)).toBe("10.30.0.2");
  expect(wish.fencing?.secrets).toEqual({ password: "bmc" });
  choice.ha = "none";
  expect(wishOf(choice, alone).fencing).toBeNull();
  choice.backEnd = "ldiskfs";
  expect(wishOf(choice, alone).ost_pool).toBeNull();
});

test("what servers report of their BMCs need not be said, and what lacks is told", () => {
  const choice = empty();
  choice.fence.agent = "fence_ipmilan";
  const known = [{ name: "oss1", bmc_address: "10.30.0.1" }];
  expect(wishOf(choice, known).fencing?.servers).toEqual({ oss1: { ip: "10.30.0.1" } });
  expect(fenceLack(choice, [...known, { name: "oss2" }])).toContain("oss2");
  expect(fenceLack(choice, known)).toContain("user");
  choice.fence.user = "admin";
  expect(fenceLack(choice, known)).toContain("password");
  choice.fence.secret = "bmc";
  expect(fenceLack(choice, known)).toBe("");
});

test("a disk is picked for one use, and let go again", () => {
  let choice = picked(empty(), "wwn:1", "ost");
  expect([choice.ostDevices, choice.mdtDevices]).toEqual([["wwn:1"], []]);
  choice = picked(choice, "wwn:1", "mdt");
  expect([choice.ostDevices, choice.mdtDevices]).toEqual([[], ["wwn:1"]]);
  choice = picked(choice, "wwn:1", "mdt");
  expect(wishOf(choice, []).mdt_devices).toEqual([]);
});

test("a server is put into a host list and taken out again", () => {
  expect(toggled("", "oss1")).toBe("oss1");
  expect(toggled("oss1, oss2", "oss1")).toBe("oss2");
  expect(names("oss1, oss2", "oss2")).toBe(true);
  expect(names("oss10", "oss1")).toBe(false);
});

const at = (label: string, home: string, heirs: string[], more: Partial<Placed> = {}): Placed => ({
  label,
  home,
  heirs,
  ha_group: null,
  devices: [`wwn:${label}`],
  paths: [],
  bytes: 100,
  holds: [],
  ...more,
});

test("partners are drawn together, each with its own and those it stands in for", () => {
  const groups = groupsOf([
    at("fs-OST0001", "oss2", ["oss1"]),
    at("fs-OST0000", "oss1", ["oss2"]),
    at("fs-MDT0000", "mds1", [], { ha_group: "meta" }),
  ]);
  expect(groups.map(({ name, bytes }) => [name, bytes])).toEqual([
    ["meta", 100],
    ["oss1 + oss2", 200],
  ]);
  const [one, two] = groups[1]?.boxes ?? [];
  expect(one?.homes.map(({ label }) => label)).toEqual(["fs-OST0000"]);
  expect(one?.stands.map(({ label }) => label)).toEqual(["fs-OST0001"]);
  expect(two?.server).toBe("oss2");
});

test("what is lost, what has no partner and uneven OSTs are warned of", () => {
  const good = [at("fs-OST0000", "a", ["b"]), at("fs-OST0001", "b", ["a"])];
  expect(warningsOf(good)).toEqual([]);
  const bad = [
    at("fs-OST0000", "a", [], { holds: ["ext4"] }),
    at("fs-OST0001", "b", ["a"], { bytes: 50 }),
  ];
  const told = warningsOf(bad);
  expect(told).toHaveLength(3);
  expect(told[0]).toContain("1 of 2 targets");
  expect(told[1]).toContain("fs-OST0000");
});
