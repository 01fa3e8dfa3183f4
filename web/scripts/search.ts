// The list below the search field: the arrow keys walk it, Escape closes it, Enter without a choice goes to the page of results. What is in the list
// comes from the service as part of a page (hx-get on the field); without script the field is a plain form.

function parts(): { field: HTMLInputElement; found: HTMLElement } | null {
  const field = document.querySelector<HTMLInputElement>("[data-search]");
  const found = document.querySelector<HTMLElement>("[data-search-found]");
  return field && found ? { field, found } : null;
}

function walk(step: 1 | -1): boolean {
  const list = parts();
  const links = [...(list?.found.querySelectorAll<HTMLElement>("a") ?? [])];
  if (!list || links.length === 0) return false;
  const at = links.findIndex((link) => link === document.activeElement);
  const next = at + step;
  if (next < 0) list.field.focus();
  else links[Math.min(next, links.length - 1)]?.focus();
  return true;
}

export function search(): void {
  document.addEventListener("keydown", (event) => {
    const list = parts();
    const inside = list !== null && event.target instanceof Node && (event.target === list.field || list.found.contains(event.target));
    if (!inside) return;
    if (event.key === "Escape") {
      list.found.replaceChildren();
      list.field.focus();
    } else if (!(event.key === "ArrowDown" && walk(1)) && !(event.key === "ArrowUp" && walk(-1))) {
      return;
    }
    event.preventDefault();
  });
  document.addEventListener("focusin", (event) => {
    const list = parts();
    if (list && event.target instanceof Element && !event.target.closest(".search")) list.found.replaceChildren();
  });
}
