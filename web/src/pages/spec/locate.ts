// Where in a YAML or JSON text something is that a path names, such as
// `filesystems[0].osts[1].count`. It reads the shape of lines only; what it
// cannot follow is placed at the nearest thing above.

type Part = string | number;

export function parts(path: string): Part[] {
  return [...path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map(([, name, index]) =>
    index === undefined ? (name ?? "") : Number(index),
  );
}

interface Line {
  /** Number, from 1. */
  at: number;
  indent: number;
  text: string;
}

function linesOf(source: string): Line[] {
  return source
    .split("\n")
    .map((text, i) => ({
      at: i + 1,
      indent: text.length - text.trimStart().length,
      text: text.trim(),
    }))
    .filter(({ text }) => text !== "" && !text.startsWith("#") && text !== "---");
}

/** `- a: 1` is an item whose own lines begin two further in. */
function asItem(line: Line): Line | undefined {
  if (!/^-(\s|$)/.test(line.text)) return undefined;
  const rest = line.text.slice(1);
  const text = rest.trimStart();
  return { at: line.at, indent: line.indent + 1 + (rest.length - text.length), text };
}

function keyOf(text: string): string | undefined {
  const found = /^(?:"([^"]*)"|'([^']*)'|([^\s:#{[]+))\s*:(\s|$)/.exec(text);
  return found ? (found[1] ?? found[2] ?? found[3]) : undefined;
}

/** Lines below one at `place`: those further in, or items as far in as its key. */
function below(lines: Line[], place: number, indent: number): [number, number] {
  let to = place + 1;
  for (; to < lines.length; to += 1) {
    const line = lines[to];
    if (!line || line.indent < indent) break;
    if (line.indent === indent && !line.text.startsWith("-")) break;
  }
  return [place + 1, to];
}

/** The line of what a path names, from 1; `undefined` where nothing of it is there. */
export function lineOf(source: string, path: string): number | undefined {
  const lines = linesOf(source);
  let [from, to] = [0, lines.length];
  let found: number | undefined;
  for (const part of parts(path)) {
    const block = lines.slice(from, to);
    const indent = Math.min(...block.map((line) => line.indent));
    if (block.length === 0) return found;
    let place = -1;
    if (typeof part === "number") {
      const items = block.flatMap((line, i) =>
        line.indent === indent && asItem(line) ? [from + i] : [],
      );
      const at = items[part];
      if (at === undefined) return found;
      const line = lines[at];
      const inner = line && asItem(line);
      if (!line || !inner) return found;
      found = line.at;
      // The item's first key stands on the line of its dash.
      lines[at] = inner.text === "" ? { ...inner, indent: Number.MAX_SAFE_INTEGER } : inner;
      [from, to] = [at, items[part + 1] ?? to];
      continue;
    }
    for (const [i, line] of block.entries())
      if (line.indent === indent && keyOf(line.text) === part) {
        place = from + i;
        break;
      }
    if (place < 0) return found;
    found = lines[place]?.at;
    const [start, end] = below(lines, place, indent);
    [from, to] = [start, Math.min(end, to)];
  }
  return found;
}

/** The place that a manager's sentence names: `line 3, column 5`. */
export function placeIn(text: string): number | undefined {
  const found = /\bline (\d+)(?:,? column \d+)?/.exec(text);
  return found ? Number(found[1]) : undefined;
}
