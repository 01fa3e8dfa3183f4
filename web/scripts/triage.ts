// Triage by keyboard: the next failure is read before it is asked for and shown at once, and whoever begins to write about one keeps it, so that
// two reviewers do not work on the same. Everything works by plain links and forms without this.
import { announce } from "./announce";
import { sendAhead, type Ahead } from "./triage_send";

/** The next failure's page: being read, and what was read. */
let held: { href: string; html: Promise<string | undefined>; read?: Ahead } | undefined;

async function read(href: string): Promise<string | undefined> {
  try {
    const response = await fetch(href, { headers: { accept: "text/html" }, credentials: "same-origin" });
    return response.ok && !response.redirected ? await response.text() : undefined;
  } catch {
    return undefined;
  }
}

/** Reads the next failure's page ahead, once the browser has nothing else to do. */
function readAhead(): void {
  const next = document.querySelector<HTMLAnchorElement>("a[data-next]");
  if (!next || held?.href === next.href) return;
  const { href } = next;
  const begin = (): void => {
    held = { href, html: read(href) };
    document.documentElement.dataset["nextReady"] = "";
    void held.html.then((html) => {
      if (!html || held?.href !== href) return;
      held.read = { href, html };
      document.documentElement.dataset["nextReady"] = href;
    });
  };
  if ("requestIdleCallback" in window) window.requestIdleCallback(begin, { timeout: 500 });
  else setTimeout(begin, 50);
}

function show(html: string, href: string): boolean {
  const page = new DOMParser().parseFromString(html, "text/html");
  const fresh = page.querySelector("main");
  const shown = document.querySelector("main");
  if (!fresh || !shown) return false;
  shown.replaceWith(document.adoptNode(fresh));
  document.title = page.title;
  history.pushState({ triage: true }, "", href);
  window.scrollTo(0, 0);
  document.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent("seatrial:shown"));
  announce(document.querySelector("#review-title")?.textContent?.replace(/\s+/g, " ").trim() ?? "The next failure");
  readAhead();
  return true;
}

function isDirty(): boolean {
  const fields = document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>("form[data-guard] textarea, form[data-guard] input[type=text]");
  return [...fields].some((field) => field.value !== field.defaultValue);
}

/** The page of the failure that comes next, where it is there. */
function take(): Ahead | undefined {
  const next = document.querySelector<HTMLAnchorElement>("a[data-next]");
  const read = next && held?.href === next.href ? held.read : undefined;
  if (read) held = undefined;
  return read;
}

async function goOn(href: string): Promise<void> {
  const html = held?.href === href ? await held.html : undefined;
  held = undefined;
  if (!html || !show(html, href)) location.assign(href);
}

/** Keeps the failure for whoever begins to write about it. */
async function keep(form: HTMLFormElement): Promise<void> {
  delete form.dataset["reserve"];
  const sent = new URLSearchParams();
  for (const [name, value] of new FormData(form)) if (typeof value === "string") sent.append(name, value);
  try {
    const response = await fetch(form.action, { method: "POST", body: sent, credentials: "same-origin", headers: { accept: "text/html" } });
    const note = document.createElement("p");
    note.className = response.ok ? "small muted" : "note is-warn";
    note.textContent = response.ok ? "You work on it now; the others see it." : "Somebody else works on it. What you send is refused while they do.";
    form.replaceWith(note);
    announce(note.textContent);
  } catch {
    // No connection: what is sent later says so.
  }
}

export function triage(): void {
  if (!document.querySelector(".is-triage")) return;
  readAhead();
  sendAhead(take, readAhead);
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("a[data-next]") : null;
    // With something typed the browser's own question before leaving is asked.
    if (!link || isDirty()) return;
    event.preventDefault();
    void goOn(link.href);
  });
  document.addEventListener("input", (event) => {
    if (!(event.target instanceof Element) || !event.target.closest(".triage-act form[data-submit-key]")) return;
    const form = document.querySelector<HTMLFormElement>("form[data-reserve]");
    if (form) void keep(form);
  });
  window.addEventListener("popstate", () => location.reload());
}
