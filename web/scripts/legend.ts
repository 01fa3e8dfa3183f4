// The dialog that lists the keys of the page, and the switch that turns single keys off (some people dictate, and spoken words would press them).
const KEY = "seatrial.single-keys";

const EVERYWHERE: [string, string][] = [
  ["/", "Search (also Ctrl-K)"],
  ["j k", "Next and previous in a list, Enter opens"],
  ["Ctrl Enter", "Complete the form you are typing in"],
  ["Esc", "Leave the field you are typing in"],
  ["?", "This list"],
];

/** Whether single keys act: they do unless the person turned them off on this browser. */
export function singleKeysAreOn(): boolean {
  try {
    return localStorage.getItem(KEY) !== "off";
  } catch {
    return true;
  }
}

function storeSingleKeys(on: boolean): void {
  try {
    localStorage.setItem(KEY, on ? "on" : "off");
  } catch {
    // Refused: the default holds.
  }
}

/** What is there only on some pages. */
function besides(): [string, string][] {
  return document.querySelector("svg[tabindex]") ? [["← →", "Read a chart that has the focus, mark by mark"]] : [];
}

function labelOf(element: HTMLElement): string {
  const copy = element.cloneNode(true) as HTMLElement;
  for (const extra of copy.querySelectorAll("kbd, .kbd, .rail-count")) extra.remove();
  return element.getAttribute("aria-label") ?? copy.textContent?.replace(/\s+/g, " ").trim() ?? "";
}

function keysOfPage(): [string, string][] {
  const go = [...document.querySelectorAll<HTMLElement>("[data-go]")].map((link): [string, string] => [`g ${link.dataset["go"]}`, labelOf(link)]);
  const single = [...document.querySelectorAll<HTMLElement>("[data-key]")]
    .filter((control) => control.checkVisibility())
    .map((control): [string, string] => [control.dataset["key"] ?? "", labelOf(control)]);
  return [...single, ...go, ...besides(), ...EVERYWHERE];
}

function make<K extends keyof HTMLElementTagNameMap>(tag: K, className: string, ...children: (Node | string)[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

function row([keys, label]: [string, string]): Node[] {
  const names = keys.split(" ").flatMap((key) => [make("kbd", "", key), " "]);
  return [make("dt", "", ...names), make("dd", "", label)];
}

function build(): HTMLDialogElement {
  const title = make("h2", "dialog-title", "Keyboard");
  title.id = "legend-title";
  const keys = make("dl", "keys", ...keysOfPage().flatMap(row));
  const box = make("input", "");
  box.type = "checkbox";
  box.checked = singleKeysAreOn();
  box.addEventListener("change", () => storeSingleKeys(box.checked));
  const choice = make("label", "choice", box, make("span", "", "Single keys act on the page"));
  const close = make("button", "button", "Close");
  const form = make("form", "stack", choice, close);
  form.method = "dialog";
  const dialog = make("dialog", "dialog", title, keys, form);
  dialog.setAttribute("aria-labelledby", title.id);
  dialog.addEventListener("close", () => dialog.remove());
  return dialog;
}

/** Opens the legend. Returns true, for a key handler that asks whether the key did something. */
export function openLegend(): boolean {
  const dialog = build();
  document.body.append(dialog);
  dialog.showModal();
  return true;
}
