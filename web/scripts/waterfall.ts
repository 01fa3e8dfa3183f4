// The spans of a run as a tree that stays smooth at 20,000 of them: all lines come in one request, only those in view are in the page. A span's body
// is asked for when the span is chosen. Without this module the page shows pages of spans and a link for each.
import { childrenEnd, shownLines, type SpanLine } from "./span_tree";

const ROW_PX = 28;
const SPARE_ROWS = 12;
const SVG = "http://www.w3.org/2000/svg";

class Waterfall {
  private readonly closed = new Set<number>();
  private shown: number[] = [];
  private active = 0;
  private readonly rows = document.createElement("div");
  private asked = "";

  constructor(
    private readonly root: HTMLElement,
    private readonly view: HTMLElement,
    private readonly lines: SpanLine[],
  ) {
    this.view.classList.add("is-windowed");
    this.view.setAttribute("role", "tree");
    this.view.replaceChildren(this.rows);
    root.querySelector(".waterfall-pager")?.remove();
    this.view.addEventListener("scroll", () => this.draw(), { passive: true });
    this.view.addEventListener("keydown", (event) => this.key(event));
    this.view.addEventListener("click", (event) => this.click(event));
    root.addEventListener("click", (event) => this.tool(event));
    const chosen = new URL(location.href).searchParams.get("span");
    this.active = Math.max(0, this.lines.findIndex((line) => line.id === chosen));
    this.update();
    this.reveal();
  }

  private update(): void {
    this.shown = shownLines(this.lines, this.closed);
    this.view.style.setProperty("--rows", String(this.shown.length));
    this.draw();
  }

  private draw(): void {
    const first = Math.max(0, Math.floor(this.view.scrollTop / ROW_PX) - SPARE_ROWS);
    const count = Math.ceil(this.view.clientHeight / ROW_PX) + 2 * SPARE_ROWS;
    this.rows.style.setProperty("--first", String(first));
    this.rows.replaceChildren(...this.shown.slice(first, first + count).map((index) => this.row(index)));
    const active = document.getElementById(`span-${this.lines[this.active]?.id}`);
    if (active) this.view.setAttribute("aria-activedescendant", active.id);
    else this.view.removeAttribute("aria-activedescendant");
  }

  private row(index: number): HTMLElement {
    const line = this.lines[index]!;
    const row = part("div", "span-row");
    row.id = `span-${line.id}`;
    row.dataset["depth"] = String(line.depth);
    row.dataset["index"] = String(index);
    row.role = "treeitem";
    row.ariaLevel = String(line.depth + 1);
    row.ariaSelected = String(index === this.active);
    row.classList.toggle("is-error", line.error === true);
    row.classList.toggle("is-selected", index === this.active);
    const toggle = part("span", "span-toggle");
    if (childrenEnd(this.lines, index) > index + 1) {
      row.ariaExpanded = String(!this.closed.has(index));
      toggle.dataset["open"] = row.ariaExpanded;
    }
    toggle.ariaHidden = "true";
    row.append(toggle, part("span", "span-name", line.name), part("span", "span-kind", line.kind), bar(line));
    row.append(part("span", "span-time", line.took), part("span", "span-cost", line.cost ?? ""));
    return row;
  }

  private click(event: MouseEvent): void {
    const target = event.target instanceof Element ? event.target : null;
    const row = target?.closest<HTMLElement>("[data-index]");
    if (!target || !row) return;
    const index = Number(row.dataset["index"]);
    if (target.closest(".span-toggle[data-open]")) return this.toggle(index, this.closed.has(index));
    this.active = index;
    void this.choose();
  }

  private tool(event: MouseEvent): void {
    const all = event.target instanceof Element ? event.target.closest<HTMLElement>("[data-waterfall-all]") : null;
    if (!all) return;
    this.closed.clear();
    if (all.dataset["waterfallAll"] === "close") this.lines.forEach((_, index) => this.closed.add(index));
    this.update();
  }

  private toggle(index: number, open: boolean): void {
    if (open) this.closed.delete(index);
    else this.closed.add(index);
    this.update();
  }

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = Math.max(0, this.shown.indexOf(this.active));
    const page = Math.max(1, Math.floor(this.view.clientHeight / ROW_PX) - 1);
    const steps: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -this.shown.length, End: this.shown.length };
    const step = steps[event.key];
    if (step !== undefined) {
      this.active = this.shown[Math.min(Math.max(at + step, 0), this.shown.length - 1)] ?? 0;
      this.reveal();
    } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      this.toggle(this.active, event.key === "ArrowRight");
    } else if (event.key === "Enter" || event.key === " ") {
      void this.choose();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  /** Scrolls the active row into view. */
  private reveal(): void {
    const top = Math.max(0, this.shown.indexOf(this.active)) * ROW_PX;
    if (top < this.view.scrollTop) this.view.scrollTop = top;
    else if (top + ROW_PX > this.view.scrollTop + this.view.clientHeight) this.view.scrollTop = top + ROW_PX - this.view.clientHeight;
    this.draw();
  }

  /** Shows the active span's body, and names it in the address so that the address can be passed on. */
  private async choose(): Promise<void> {
    const line = this.lines[this.active];
    const place = this.root.querySelector<HTMLElement>("[data-span-body]");
    if (!line || !place) return;
    this.draw();
    this.asked = line.id;
    const address = new URL(location.href);
    address.searchParams.set("span", line.id);
    history.replaceState(history.state, "", address);
    const body = await text(`${this.root.dataset["bodies"]}${line.id}`);
    // Another span may have been chosen while this one was on its way.
    if (this.asked !== line.id) return;
    if (body === null) {
      place.replaceChildren(part("p", "note is-bad", "The span could not be loaded. Check the connection and choose it again."));
      return;
    }
    // The fragment is rendered and escaped by the service, like the rest of the page.
    place.innerHTML = body;
  }
}

function part(name: string, className: string, content = ""): HTMLElement {
  const element = document.createElement(name);
  element.className = className;
  element.textContent = content;
  return element;
}

function bar(line: SpanLine): SVGElement {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", "span-bar");
  svg.setAttribute("viewBox", "0 0 1000 10");
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const rect = document.createElementNS(SVG, "rect");
  rect.setAttribute("class", `span-rect is-${line.kind}${line.error ? " is-error" : ""}`);
  for (const [name, value] of Object.entries({ x: line.x, y: 1, width: line.width, height: 8 })) rect.setAttribute(name, String(value));
  svg.append(rect);
  return svg;
}

async function text(address: string): Promise<string | null> {
  try {
    const answer = await fetch(address, { headers: { accept: "text/html" } });
    return answer.ok ? await answer.text() : null;
  } catch {
    return null;
  }
}

export function waterfalls(): void {
  for (const root of document.querySelectorAll<HTMLElement>("[data-waterfall]")) {
    const view = root.querySelector<HTMLElement>("[data-waterfall-view]");
    const address = root.dataset["lines"];
    if (!view || !address) continue;
    // What the service sent stays when the lines cannot be loaded.
    void text(address).then((lines) => lines !== null && new Waterfall(root, view, JSON.parse(lines) as SpanLine[]));
  }
}
