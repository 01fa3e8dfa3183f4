// The keyboard: g and a letter to go to a page, single keys for marked buttons, j and k in a list, / or Ctrl-K for the search, ? for the legend.
// The keys are read from the page itself (data-go, data-key), so the legend cannot disagree with what works. Single keys never act while text is
// typed, and the legend can turn them off.
import { openLegend, singleKeysAreOn } from "./legend";

const CHORD_MS = 1500;

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || target.matches("input:not([type=checkbox], [type=radio]), select, textarea"));
}

function press(selector: string): boolean {
  for (const element of document.querySelectorAll<HTMLElement>(selector)) {
    // A control that is not shown, or is disabled, does not act: what cannot be seen must not be done by accident.
    if (!element.checkVisibility() || element.matches(":disabled, [aria-disabled=true]")) continue;
    if (element.dataset["focus"]) return focusOn(element.dataset["focus"]);
    element.click();
    return true;
  }
  return false;
}

/** Puts the cursor into a field and opens what it is folded into. */
function focusOn(selector: string): boolean {
  const field = document.querySelector<HTMLElement>(selector);
  for (let folded = field?.closest("details"); folded; folded = folded.parentElement?.closest("details")) folded.open = true;
  field?.focus();
  field?.scrollIntoView({ block: "nearest" });
  return field !== null;
}

function move(step: 1 | -1): boolean {
  const items = [...document.querySelectorAll<HTMLElement>("[data-nav-list] [data-nav-item]")].filter((item) => item.checkVisibility());
  if (items.length === 0) return false;
  const at = items.findIndex((item) => item === document.activeElement || item.contains(document.activeElement));
  const next = at < 0 ? (step > 0 ? 0 : items.length - 1) : Math.min(Math.max(at + step, 0), items.length - 1);
  const item = items[next];
  const focusable = item?.matches("a, button, [tabindex]") ? item : item?.querySelector<HTMLElement>("a, button");
  focusable?.focus();
  focusable?.scrollIntoView({ block: "nearest" });
  return true;
}

function focusSearch(): boolean {
  const search = document.querySelector<HTMLInputElement>("[data-search]");
  search?.focus();
  search?.select();
  return search !== null;
}

function submitForm(target: EventTarget | null): boolean {
  const form = target instanceof Element ? target.closest<HTMLFormElement>("form[data-submit-key]") : null;
  // As Enter does: by the form's first button, whose name goes along.
  form?.requestSubmit(form.querySelector<HTMLButtonElement>("button:not([type=button])"));
  return form !== null;
}

function withModifier(event: KeyboardEvent): boolean {
  if (event.altKey || !(event.ctrlKey || event.metaKey)) return false;
  if (event.key === "Enter") return submitForm(event.target);
  return event.key.toLowerCase() === "k" && focusSearch();
}

function single(key: string): boolean {
  switch (key) {
    case "/":
      return focusSearch();
    case "?":
      return openLegend();
    case "j":
      return move(1);
    case "k":
      return move(-1);
    default:
      return press(`[data-key="${CSS.escape(key)}"]`);
  }
}

export function keyboard(): void {
  let chordUntil = 0;
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.ctrlKey || event.metaKey || event.altKey) {
      if (withModifier(event)) event.preventDefault();
      return;
    }
    // Out of a field by keys alone, so that single keys act again; what was typed stays.
    if (event.key === "Escape" && isTyping(event.target) && event.target instanceof HTMLElement && event.target.closest("main")) {
      event.target.blur();
      return;
    }
    if (isTyping(event.target) || document.querySelector("dialog[open]") || !singleKeysAreOn() || event.key.length !== 1) return;
    const inChord = event.timeStamp < chordUntil;
    chordUntil = 0;
    if (!inChord && event.key === "g") {
      chordUntil = event.timeStamp + CHORD_MS;
      return;
    }
    if (inChord ? press(`[data-go="${CSS.escape(event.key)}"]`) : single(event.key)) event.preventDefault();
  });
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("[data-legend]")) openLegend();
  });
}
