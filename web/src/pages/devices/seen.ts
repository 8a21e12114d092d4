import type { Schemas } from "../../api/client";

/** Who sees a device, with its path there where that is not the one it is shown by. */
export function seenBy(device: Schemas["Device"]): string[] {
  return device.seen_by.map((at) =>
    at.path === device.path ? at.server.name : `${at.server.name} (${at.path})`,
  );
}
