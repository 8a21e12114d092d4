// What verbs are called, and what they mean in a sentence.

export type Noun = "server" | "target" | "filesystem" | "ha-cluster" | "client" | "zpool";

interface Word {
  title: string;
  means: string;
}

const WORDS: Record<string, Word> = {
  "server drain": {
    title: "Drain",
    means: "What it serves moves to its partners, or stops; then it can be worked on.",
  },
  "server return": {
    title: "Return to service",
    means:
      "It may serve again. What Pacemaker moved away stays there until you fail it back, since clients feel that.",
  },
  "server reboot": {
    title: "Reboot",
    means: "What it serves moves to its partners, or stops; it boots, and may serve again.",
  },
  "server remove": {
    title: "Remove from the spec",
    means: "Candela no longer has it serve anything; its agent goes on reporting.",
  },
  "server force-remove": {
    title: "Remove: it is gone",
    means:
      "For a server that will never come back: you say that it is off, and its partners take over for good.",
  },
  "target failover": {
    title: "Fail over",
    means: "It moves to another server that may serve it; its clients wait meanwhile.",
  },
  "target failback": {
    title: "Fail back",
    means: "It moves back to its home; its clients wait meanwhile.",
  },
  "target start": { title: "Start", means: "It is mounted where it belongs." },
  "target stop": { title: "Stop", means: "It is unmounted; its clients wait until it is back." },
  "target remove": {
    title: "Take out",
    means:
      "It leaves its file system for good. Candela says what is safe by hand, and in which order.",
  },
  "filesystem start": { title: "Start", means: "All its targets are mounted, in order." },
  "filesystem stop": {
    title: "Stop",
    means: "All its targets are unmounted, in order; its clients wait until they are back.",
  },
  "filesystem grow": { title: "Grow", means: "It gets more OSTs or MDTs, on devices you choose." },
  "filesystem remove": {
    title: "Remove",
    means: "All its targets are wiped. What is in it is lost.",
  },
  "ha-cluster failback": {
    title: "Fail all back",
    means: "Each target that runs elsewhere moves back to its home.",
  },
  "client mount": { title: "Mount", means: "It is mounted, and the spec keeps it so." },
  "client unmount": { title: "Unmount", means: "It is unmounted, and the spec keeps it so." },
  "zpool import": { title: "Import", means: "A pool goes where its target goes." },
  "zpool export": { title: "Export", means: "A pool goes where its target goes." },
  "zpool destroy": { title: "Destroy", means: "All that is in it is lost." },
};

/** What a verb is called. One that is new here is called by its own name. */
export function wordOf(noun: string, verb: string): Word {
  const known = WORDS[`${noun} ${verb}`];
  if (known) return known;
  const words = verb.replaceAll(/[-_]/g, " ");
  return { title: words.charAt(0).toUpperCase() + words.slice(1), means: "" };
}

/** The head of a plan: `Fail over scratch-OST0001`. */
export function titleOf(noun: string, verb: string, name: string): string {
  const { title } = wordOf(noun, verb);
  return title.endsWith("service") ? `Return ${name} to service` : `${title}: ${name}`;
}

/** Those that may be done first, in their own order. */
export function ordered<V extends { is_allowed: boolean }>(verbs: V[]): V[] {
  return [...verbs.filter((one) => one.is_allowed), ...verbs.filter((one) => !one.is_allowed)];
}

/** The one reason why none of them may be done; none where there are several. */
export function commonReason(verbs: { why_not?: string | null }[]): string | undefined {
  const reasons = new Set(verbs.map((one) => one.why_not ?? ""));
  const [only = ""] = reasons;
  return reasons.size === 1 && verbs.length > 1 && only ? only : undefined;
}

/** Whether a verb loses data. */
export function isGrave(verb: string): boolean {
  return ["remove", "force-remove", "destroy"].includes(verb);
}
