// One polite live region for short news that is otherwise only seen.
let region: HTMLElement | undefined;

/** Says `text` to a screen reader. */
export function announce(text: string): void {
  if (!region) {
    region = document.createElement("p");
    region.className = "visually-hidden";
    region.setAttribute("role", "status");
    document.body.append(region);
  }
  region.textContent = text;
}
