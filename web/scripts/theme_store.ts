// Where the chosen theme is kept. A browser may refuse storage; then the system's preference holds.
export type Theme = "light" | "dark";

const KEY = "seatrial.theme";

/** The theme that was chosen on this browser, or undefined for the system's preference. */
export function storedTheme(): Theme | undefined {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps the choice for the next page. */
export function storeTheme(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Refused: the choice holds for this page only.
  }
}
