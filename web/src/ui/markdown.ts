// The little Markdown that pages about errors are written in.

export type Block =
  | { kind: "title" | "heading" | "text"; text: string }
  | { kind: "list"; items: string[] }
  | { kind: "code"; text: string };

/** Blocks of a page; what is not known is text. */
export function blocksOf(source: string): Block[] {
  const found: Block[] = [];
  let paragraph: string[] = [];
  let code: string[] | undefined;
  const end = () => {
    if (paragraph.length > 0) found.push({ kind: "text", text: paragraph.join(" ") });
    paragraph = [];
  };
  for (const line of source.split("\n")) {
    if (line.startsWith("```")) {
      if (code) found.push({ kind: "code", text: code.join("\n") });
      else end();
      code = code ? undefined : [];
    } else if (code) code.push(line);
    else if (line.startsWith("# ")) {
      end();
      found.push({ kind: "title", text: line.slice(2) });
    } else if (line.startsWith("## ")) {
      end();
      found.push({ kind: "heading", text: line.slice(3) });
    } else if (/^([-*]|\d+\.) /.test(line)) {
      end();
      const item = line.replace(/^([-*]|\d+\.) /, "");
      const last = found.at(-1);
      if (last?.kind === "list") last.items.push(item);
      else found.push({ kind: "list", items: [item] });
    } else if (line.trim() === "") end();
    else paragraph.push(line.trim());
  }
  end();
  if (code) found.push({ kind: "code", text: code.join("\n") });
  return found;
}

/** Text and `code` by turns, text first. */
export function spans(text: string): string[] {
  return text.split("`");
}
