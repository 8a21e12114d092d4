// What a person chose, as the wish that the manager makes a proposal of.
import type { Schemas } from "../../api/client";

export interface Choice {
  name: string;
  backEnd: "ldiskfs" | "zfs";
  /** Empty for what is proposed; else `on_mdt0`, `own`, or `of NAME`. */
  mgs: string;
  /** Host lists; empty for what is proposed. */
  mdtServers: string;
  ostServers: string;
  /** Counts; empty for what is proposed. */
  nMdts: string;
  nOsts: string;
  /** Devices in each pool, and how they are put together, for ZFS. */
  mdtPool: Pool;
  ostPool: Pool;
  /** Empty for what is proposed; else `pacemaker` or `none`. */
  ha: "" | "pacemaker" | "none";
  fence: Fence;
  /** Ids of devices that a person picked; empty for what is proposed. */
  mdtDevices: string[];
  ostDevices: string[];
}

/** A server, with the address of its BMC where it knows that itself. */
export interface Fenced {
  name: string;
  bmc_address?: string | null;
}

export interface Pool {
  /** Empty for one plain disk. */
  layout: string;
  n: number;
}

export interface Fence {
  /** Empty for none. */
  agent: string;
  /**
   * The BMC's address, with `{server}` for the server's name, `{n}` for its place.
   * Empty where servers report it themselves.
   */
  address: string;
  user: string;
  /** Name of the secret that is its password. */
  secret: string;
  /** More parameters: `lanplus=1`, split by spaces. */
  more: string;
}

export const LAYOUTS: { layout: string; word: string; min: number }[] = [
  { layout: "", word: "one plain disk", min: 1 },
  { layout: "mirror", word: "mirror", min: 2 },
  { layout: "raidz", word: "raidz: one may fail", min: 3 },
  { layout: "raidz2", word: "raidz2: two may fail", min: 4 },
  { layout: "raidz3", word: "raidz3: three may fail", min: 5 },
];

export function empty(): Choice {
  return {
    name: "",
    backEnd: "ldiskfs",
    mgs: "",
    mdtServers: "",
    ostServers: "",
    nMdts: "",
    nOsts: "",
    mdtPool: { layout: "", n: 1 },
    ostPool: { layout: "", n: 1 },
    ha: "",
    fence: { agent: "", address: "", user: "", secret: "", more: "" },
    mdtDevices: [],
    ostDevices: [],
  };
}

/** Why the name cannot be one; empty if it can. The manager judges again. */
export function nameFault(name: string): string {
  if (!name) return "Give it a name.";
  if (!/^[A-Za-z0-9_-]{1,8}$/.test(name)) return "1 to 8 letters, digits, `_` and `-`.";
  return "";
}

const count = (text: string) => (/^\d+$/.test(text.trim()) ? Number(text.trim()) : null);

function pool(choice: Choice, of: Pool): Schemas["PoolSpec"] | null {
  if (choice.backEnd !== "zfs" || !of.layout) return null;
  return { layout: of.layout, n_devices: of.n };
}

function mgs(text: string): Schemas["MgsWish"] | null {
  if (text === "on_mdt0" || text === "own") return text;
  return text.startsWith("of ") ? { of: text.slice(3) } : null;
}

/** The address of the BMC of a server, from 0 the place in the list; empty if nobody knows. */
export function addressOf(template: string, server: Fenced, place: number): string {
  if (!template.trim()) return server.bmc_address ?? "";
  return template
    .trim()
    .replaceAll("{server}", server.name)
    .replaceAll("{n}", String(place + 1));
}

function fencing(
  { agent, address, user, secret, more }: Fence,
  servers: Fenced[],
): Schemas["Fencing"] | null {
  if (!agent.trim()) return null;
  const known = servers
    .map((server, place) => ({ name: server.name, ip: addressOf(address, server, place) }))
    .filter(({ ip }) => ip);
  const pairs = more
    .split(/\s+/)
    .filter(Boolean)
    .map((pair) => [pair.split("=", 1)[0], pair.slice(pair.indexOf("=") + 1)]);
  return {
    agent: agent.trim(),
    parameters: { ...Object.fromEntries(pairs), ...(user ? { username: user } : {}) },
    servers: Object.fromEntries(known.map(({ name, ip }) => [name, { ip }])),
    secrets: secret ? { password: secret } : undefined,
  };
}

/** What a person still has to say so that a lost server can be turned off; empty if nothing. */
export function fenceLack(choice: Choice, servers: Fenced[]): string {
  const { agent, address, user, secret } = choice.fence;
  if (choice.ha === "none" || !agent.trim()) return "";
  const unknown = servers.filter((server, place) => !addressOf(address, server, place));
  if (unknown.length > 0)
    return `Say where the BMC of ${unknown
      .slice(0, 3)
      .map(({ name }) => name)
      .join(", ")}${unknown.length > 3 ? "…" : ""} is: it does not report one.`;
  if (!user.trim()) return "Give the user whom the BMCs let in.";
  if (!secret) return "Choose the password that the BMCs ask for.";
  return "";
}

/** The wish. `servers` are those that may come to be in a new HA group. */
export function wishOf(choice: Choice, servers: Fenced[]): Schemas["Wish"] {
  return {
    name: choice.name,
    back_end: choice.backEnd,
    mgs: mgs(choice.mgs),
    mdt_servers: choice.mdtServers.trim() || null,
    ost_servers: choice.ostServers.trim() || null,
    n_mdts: count(choice.nMdts),
    n_osts: count(choice.nOsts),
    mdt_pool: pool(choice, choice.mdtPool),
    ost_pool: pool(choice, choice.ostPool),
    ha: choice.ha || null,
    fencing: choice.ha === "none" ? null : fencing(choice.fence, servers),
    mdt_devices: choice.mdtDevices,
    ost_devices: choice.ostDevices,
  };
}

/** A host list with a server put in or taken out. Lists with brackets are left to the hand. */
export function toggled(list: string, server: string): string {
  const names = list
    .split(",")
    .map((name) => name.trim())
    .filter(Boolean);
  const rest = names.filter((name) => name !== server);
  return (rest.length < names.length ? rest : [...names, server]).join(",");
}

/** Whether a host list without brackets names a server. */
export function names(list: string, server: string): boolean {
  return list.split(",").some((name) => name.trim() === server);
}

/** What a device is picked for; picking it for the same again lets it go. */
export function picked(choice: Choice, id: string, use: "mdt" | "ost"): Choice {
  const has = (use === "mdt" ? choice.mdtDevices : choice.ostDevices).includes(id);
  const without = (ids: string[]) => ids.filter((one) => one !== id);
  const [mdtDevices, ostDevices] = [without(choice.mdtDevices), without(choice.ostDevices)];
  if (!has) (use === "mdt" ? mdtDevices : ostDevices).push(id);
  return { ...choice, mdtDevices, ostDevices };
}
