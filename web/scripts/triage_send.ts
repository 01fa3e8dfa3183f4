// What was decided about a failure is sent while the next one is shown already: nobody waits for an answer that is nearly always yes. The answer brings the
// rest of the page up to date around what is typed meanwhile. A no goes the ordinary way, by loading the page that says why, and without a connection the
// failure that was decided about comes back with every word that was typed.
import { announce } from "./announce";
import { forgetDraft, sayOffline } from "./guard";

/** A page that was read ahead. */
export type Ahead = { href: string; html: string };

/** What is taken out of the page while its form is sent, to be put back if that fails. */
type Shown = { panes: Element; undo: Element | null; href: string; focus: Element | null };

const PANES = ".panes.is-triage";
const FORM = ".triage-act form[data-submit-key]";

let sending = false;
/** Sent the ordinary way. */
let refused: HTMLFormElement | undefined;

function panesOf(page: ParentNode): Element | null {
  return page.querySelector(PANES);
}

/** The failure under review. */
function runOf(page: ParentNode): string {
  return page.querySelector<HTMLElement>(".triage-act")?.dataset["run"] ?? "";
}

function isTypedIn(): boolean {
  const fields = document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>(".triage-act textarea, .triage-act input[type=text]");
  return [...fields].some((field) => field.value !== field.defaultValue);
}

/** Shows the next failure. What says that the act before can be taken back gives its place to what says that one is being sent. */
function showNext(panes: Element, ahead: Ahead): Shown | undefined {
  const next = panesOf(new DOMParser().parseFromString(ahead.html, "text/html"));
  if (!next) return undefined;
  const before: Shown = { panes, undo: document.querySelector(".undo"), href: location.href, focus: document.activeElement };
  const note = document.createElement("div");
  note.className = "note is-info undo";
  note.textContent = "Sending what you decided";
  if (before.undo) before.undo.replaceWith(note);
  else document.querySelector(".triage-top")?.after(note);
  panes.replaceWith(document.adoptNode(next));
  history.pushState({ triage: true }, "", ahead.href);
  window.scrollTo(0, 0);
  document.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
  document.dispatchEvent(new CustomEvent("seatrial:shown"));
  announce(document.querySelector("#review-title")?.textContent?.replace(/\s+/g, " ").trim() ?? "The next failure");
  return before;
}

function putBack(before: Shown): void {
  const note = document.querySelector(".undo");
  if (before.undo) note?.replaceWith(before.undo);
  else note?.remove();
  panesOf(document)?.replaceWith(before.panes);
  history.replaceState({ triage: true }, "", before.href);
  if (before.focus instanceof HTMLElement) before.focus.focus();
}

/** Brings the page up to date with the answer. The failure under review stays as it is: somebody may be writing about it. */
function refresh(html: string, href: string): void {
  const answer = new DOMParser().parseFromString(html, "text/html");
  const [panes, fresh] = [panesOf(document), panesOf(answer)];
  const goesOn = fresh && (runOf(answer) === runOf(document) || isTypedIn());
  if (!panes || !goesOn) {
    const main = answer.querySelector("main");
    if (main) document.querySelector("main")?.replaceWith(document.adoptNode(main));
    document.dispatchEvent(new CustomEvent("seatrial:shown"));
  } else {
    const around = [...(fresh.parentElement?.children ?? [])];
    const at = around.indexOf(fresh);
    for (const child of [...(panes.parentElement?.children ?? [])]) if (child !== panes) child.remove();
    panes.before(...around.slice(0, at));
    panes.after(...around.slice(at + 1));
    const queue = panes.firstElementChild;
    const focused = queue?.contains(document.activeElement) ? document.activeElement?.getAttribute("href") : null;
    if (fresh.firstElementChild) queue?.replaceWith(fresh.firstElementChild);
    if (focused) panes.querySelector<HTMLElement>(`[data-nav-item][href="${CSS.escape(focused)}"]`)?.focus();
  }
  history.replaceState({ triage: true }, "", href);
}

async function send(form: HTMLFormElement, by: HTMLElement | null, sent: URLSearchParams, before: Shown): Promise<boolean> {
  try {
    const response = await fetch(form.action, { method: "POST", body: sent, credentials: "same-origin", headers: { accept: "text/html" } });
    const html = await response.text();
    if (response.ok && response.redirected && new URL(response.url).pathname.endsWith("/failures")) {
      forgetDraft(form);
      refresh(html, response.url);
      return true;
    }
    putBack(before);
    sending = false;
    refused = form;
    form.requestSubmit(by);
  } catch {
    putBack(before);
    sayOffline(form);
  }
  return false;
}

/** Sends the forms of triage ahead where `take` has the page that comes next; `done` is called when one was accepted. */
export function sendAhead(take: () => Ahead | undefined, done: () => void): void {
  // Before anybody else hears of it: what is sent here is no page that is left.
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (!(form instanceof HTMLFormElement) || !form.matches(FORM) || form === refused || !navigator.onLine) return;
      if (sending) {
        // The answer to the one before is a moment away; what is typed stays, and the same keys send it then.
        event.preventDefault();
        announce("Still sending the one before.");
        return;
      }
      const sent = new URLSearchParams();
      for (const [name, value] of new FormData(form, event.submitter)) if (typeof value === "string") sent.append(name, value);
      const panes = panesOf(document);
      // Whoever asked for the new case instead, or is at the end of the list, is led there by the service.
      const ahead = sent.has("list") && sent.get("following") && panes ? take() : undefined;
      const before = ahead && panes ? showNext(panes, ahead) : undefined;
      if (!before) return;
      event.preventDefault();
      sending = true;
      void send(form, event.submitter, sent, before).then((accepted) => {
        sending = false;
        if (accepted) done();
      });
    },
    true,
  );
  window.addEventListener("beforeunload", (event) => {
    if (sending) event.preventDefault();
  });
}
