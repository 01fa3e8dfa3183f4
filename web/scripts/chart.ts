// Reading a chart mark by mark: pointing at one shows what it says, and with the focus on the chart the arrow keys go from mark to mark. The words are
// the server's (the title of each mark, the same as in the table behind the chart). A chart is one stop of Tab; the small charts of one board share one,
// and the arrows up and down go from chart to chart there. Without this module the titles are the browser's tooltips.
import { announce } from "./announce";
import { element } from "./element";

const SVG = "http://www.w3.org/2000/svg";
const CHARTS = "svg.chart, svg.sparkline";
/** Charts in it share one stop of Tab. */
const BOARD = ".board";
/** Between a mark and its reading, and between the reading and the window's edge. */
const SPACE_PX = 6;

type Open = { svg: SVGSVGElement; mark: SVGElement };

const at = new WeakMap<SVGSVGElement, number>();
const caption = element("p", { class: "chart-reading", "aria-hidden": "true" });
let open: Open | undefined;

function isReadable(svg: SVGSVGElement): boolean {
  return svg.dataset["readings"] !== undefined || svg.querySelector("g.mark") !== null;
}

/** A small chart has its readings in an attribute; its marks are made when they are asked for. */
function marksOf(svg: SVGSVGElement): SVGElement[] {
  const readings = svg.dataset["readings"]?.split("\n");
  if (readings && readings[0] && !svg.querySelector("g.mark")) {
    const [from, to] = [Number(svg.dataset["from"]), Number(svg.dataset["to"])];
    const { width, height } = svg.viewBox.baseVal;
    const step = readings.length > 1 ? (to - from) / (readings.length - 1) : width;
    readings.forEach((reading, index) => {
      const middle = readings.length > 1 ? from + step * index : width / 2;
      const field = document.createElementNS(SVG, "rect");
      for (const [name, value] of Object.entries({ class: "chart-hit", x: middle - step / 2, y: 0, width: step, height, fill: "none", "pointer-events": "all" }))
        field.setAttribute(name, String(value));
      const mark = document.createElementNS(SVG, "g");
      mark.setAttribute("class", "mark");
      mark.dataset["reading"] = reading;
      mark.append(field);
      svg.append(mark);
    });
  }
  const marks = [...svg.querySelectorAll<SVGElement>("g.mark")];
  // The browser's own tooltip would come a second later over what is shown already.
  for (const mark of marks) {
    const title = mark.querySelector(":scope > title");
    if (!title) continue;
    mark.dataset["reading"] = title.textContent ?? "";
    title.remove();
  }
  return marks;
}

function place(): void {
  if (!open) return;
  const mark = open.mark.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = caption;
  const { clientWidth, clientHeight } = document.documentElement;
  const left = Math.min(Math.max(mark.left + mark.width / 2 - width / 2, SPACE_PX), clientWidth - width - SPACE_PX);
  const below = mark.bottom + SPACE_PX;
  const top = below + height <= clientHeight ? below : mark.top - height - SPACE_PX;
  caption.style.setProperty("--left", `${Math.round(left)}px`);
  caption.style.setProperty("--top", `${Math.round(top)}px`);
}

function close(): void {
  open?.mark.classList.remove("is-read");
  open = undefined;
  caption.remove();
}

function read(svg: SVGSVGElement, mark: SVGElement): void {
  if (open?.mark !== mark) open?.mark.classList.remove("is-read");
  open = { svg, mark };
  mark.classList.add("is-read");
  caption.textContent = mark.dataset["reading"] ?? "";
  if (!caption.isConnected) document.body.append(caption);
  place();
}

/** Reads the mark that the keys stand on, and says it. */
function readAt(svg: SVGSVGElement, index: number): void {
  const marks = marksOf(svg);
  const here = Math.min(Math.max(index, 0), marks.length - 1);
  const mark = marks[here];
  if (!mark) return;
  at.set(svg, here);
  mark.scrollIntoView({ block: "nearest", inline: "nearest" });
  read(svg, mark);
  announce(caption.textContent ?? "");
}

/** How many marks an arrow goes on: a row of a map is as many as stand on one height. */
function stepOf(key: string, svg: SVGSVGElement): number | undefined {
  const marks = marksOf(svg);
  const heightOf = (mark: SVGElement | undefined): string => mark?.querySelector(".chart-hit")?.getAttribute("y") ?? "";
  const row = svg.classList.contains("heatmap") ? marks.filter((mark) => heightOf(mark) === heightOf(marks[0])).length : 1;
  const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: row, ArrowUp: -row, Home: -marks.length, End: marks.length };
  return steps[key];
}

/** The neighbouring small chart of the same board takes over the stop of Tab and the focus. */
function toNeighbour(svg: SVGSVGElement, step: number): boolean {
  const board = svg.closest(BOARD);
  if (!board) return false;
  const charts = [...board.querySelectorAll<SVGSVGElement>(CHARTS)].filter(isReadable);
  const next = charts[charts.indexOf(svg) + step];
  if (next) {
    svg.tabIndex = -1;
    next.tabIndex = 0;
    at.set(next, at.get(svg) ?? 0);
    next.focus();
  }
  return true;
}

function key(event: KeyboardEvent): void {
  const svg = document.activeElement;
  if (!(svg instanceof SVGSVGElement) || !svg.matches(CHARTS) || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Escape") {
    svg.blur();
  } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && svg.closest(BOARD)) {
    toNeighbour(svg, event.key === "ArrowDown" ? 1 : -1);
  } else {
    const step = stepOf(event.key, svg);
    if (step === undefined) return;
    const marks = marksOf(svg).length;
    const next = (at.get(svg) ?? 0) + step;
    // Past the edge of a map there is nothing; Home and End go as far as there is something.
    readAt(svg, event.key.startsWith("Arrow") && (next < 0 || next >= marks) ? (at.get(svg) ?? 0) : next);
  }
  event.preventDefault();
}

function chartOf(target: EventTarget | null): SVGSVGElement | null {
  return target instanceof Element ? target.closest<SVGSVGElement>(CHARTS) : null;
}

function point(event: Event): void {
  const svg = chartOf(event.target);
  const mark = svg && event.target instanceof Element && marksOf(svg).length > 0 ? event.target.closest<SVGElement>("g.mark") : null;
  if (svg && mark) return read(svg, mark);
  if (!open) return;
  // Pointing elsewhere: the keys' own mark is read again, or nothing.
  const focused = chartOf(document.activeElement);
  const keys = focused && marksOf(focused)[at.get(focused) ?? 0];
  if (focused && keys) read(focused, keys);
  else close();
}

/** Makes the charts on the page stops of Tab; charts that come later are made so when it is called again. */
export function readableCharts(): void {
  for (const svg of document.querySelectorAll<SVGSVGElement>(CHARTS)) {
    if (svg.hasAttribute("tabindex") || !isReadable(svg)) continue;
    const board = svg.closest(BOARD);
    svg.tabIndex = board?.querySelector(`:is(${CHARTS})[tabindex="0"]`) ? -1 : 0;
    // As an image its arrow keys would not reach it in a screen reader.
    svg.setAttribute("role", "application");
    svg.setAttribute("aria-roledescription", "chart");
    const described = svg.querySelector("desc");
    if (described) described.textContent += " The arrow keys read it mark by mark.";
  }
}

export function charts(): void {
  readableCharts();
  document.addEventListener("htmx:after:swap", () => {
    if (open && !open.mark.isConnected) close();
    readableCharts();
  });
  document.addEventListener("pointerover", point);
  document.addEventListener("keydown", key);
  document.addEventListener("focusin", (event) => {
    const svg = chartOf(event.target);
    if (svg && event.target === svg) readAt(svg, at.get(svg) ?? 0);
  });
  document.addEventListener("focusout", (event) => {
    if (chartOf(event.target)) close();
  });
  window.addEventListener("scroll", place, { passive: true, capture: true });
}
