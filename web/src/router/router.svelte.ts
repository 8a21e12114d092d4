// Where the page is: the address bar, and nothing else.

class Router {
  path = $state(location.pathname);
  search = $state(location.search);

  constructor() {
    addEventListener("popstate", () => this.read());
  }

  private read(): void {
    this.path = location.pathname;
    this.search = location.search;
  }

  go(to: string): void {
    if (to === location.pathname + location.search) return;
    history.pushState(null, "", to);
    this.read();
    scrollTo(0, 0);
  }

  param(name: string): string {
    return new URLSearchParams(this.search).get(name) ?? "";
  }

  /** Changes parameters of the address in place; empty ones go. */
  set(values: Record<string, string>): void {
    const all = new URLSearchParams(this.search);
    for (const [name, value] of Object.entries(values)) {
      if (value) all.set(name, value);
      else all.delete(name);
    }
    const text = all.toString();
    history.replaceState(null, "", location.pathname + (text ? `?${text}` : ""));
    this.read();
  }

  /** Follows a click on a link of ours without loading the page anew. */
  click(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element).closest?.("a");
    if (!link || link.target || link.hasAttribute("download")) return;
    if (link.origin !== location.origin || link.pathname.startsWith("/api/")) return;
    if (link.hash && link.pathname === location.pathname) return;
    event.preventDefault();
    this.go(link.pathname + link.search);
  }
}

export const router = new Router();
