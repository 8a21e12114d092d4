// Light, dark, or as the system is.

export type Choice = "system" | "light" | "dark";
const KEY = "candela.theme";

class Theme {
  choice = $state<Choice>(read());

  constructor() {
    this.apply();
  }

  next(): void {
    const order: Choice[] = ["system", "light", "dark"];
    this.choice = order[(order.indexOf(this.choice) + 1) % order.length] ?? "system";
    try {
      localStorage.setItem(KEY, this.choice);
    } catch {
      // The choice then lasts for this page only.
    }
    this.apply();
  }

  private apply(): void {
    const root = document.documentElement;
    if (this.choice === "system") delete root.dataset.theme;
    else root.dataset.theme = this.choice;
  }
}

function read(): Choice {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === "light" || kept === "dark" ? kept : "system";
  } catch {
    return "system";
  }
}

export const theme = new Theme();
