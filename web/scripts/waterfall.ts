// Opening and closing the children of a span. Rows come in depth-first order and name their parent, so one pass from top to bottom decides what is
// shown; 10,000 rows take a few milliseconds.
type State = { hidden: boolean; open: boolean };

function toggleOf(row: Element): HTMLButtonElement | null {
  return row.querySelector<HTMLButtonElement>(".span-toggle");
}

function apply(waterfall: Element): void {
  const states = new Map<string, State>();
  let own: State = { hidden: false, open: true };
  for (const element of waterfall.querySelectorAll<HTMLElement>(".span-row, .span-body")) {
    if (element.classList.contains("span-row")) {
      const parent = states.get(element.dataset["parent"] ?? "");
      own = {
        hidden: parent !== undefined && (parent.hidden || !parent.open),
        open: toggleOf(element)?.getAttribute("aria-expanded") !== "false",
      };
      states.set(element.dataset["span"] ?? "", own);
    }
    element.hidden = own.hidden;
  }
}

function setAll(waterfall: Element, open: boolean): void {
  for (const toggle of waterfall.querySelectorAll(".span-toggle")) toggle.setAttribute("aria-expanded", String(open));
  apply(waterfall);
}

export function waterfalls(): void {
  for (const toggle of document.querySelectorAll<HTMLElement>("[data-waterfall] .span-toggle")) toggle.hidden = false;
  document.addEventListener("click", (event) => {
    const target = event.target instanceof Element ? event.target : null;
    const waterfall = target?.closest("[data-waterfall]");
    if (!target || !waterfall) return;
    const all = target.closest<HTMLElement>("[data-waterfall-all]");
    if (all) return setAll(waterfall, all.dataset["waterfallAll"] === "open");
    const toggle = target.closest(".span-toggle");
    if (!toggle) return;
    toggle.setAttribute("aria-expanded", String(toggle.getAttribute("aria-expanded") === "false"));
    apply(waterfall);
  });
}
