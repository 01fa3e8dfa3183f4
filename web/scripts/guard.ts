// No typed text is lost: on a form with data-guard, leaving asks first, and what was typed is kept in this tab until the form was accepted. An
// expired session sends the person to sign in; when they come back to the form, their text is there again. Without a connection nothing is sent.
import { announce } from "./announce";

const PREFIX = "seatrial.draft:";

/** What a field held when the page came, and what was typed over it. */
type Typed = { was: string; now: string };
type Draft = { submitted: boolean; fields: Record<string, Typed> };
type TextControl = HTMLInputElement | HTMLTextAreaElement;

function texts(form: HTMLFormElement): TextControl[] {
  return [...form.elements].filter(
    (element): element is TextControl =>
      element instanceof HTMLTextAreaElement || (element instanceof HTMLInputElement && ["text", "search", "url", "number", "email"].includes(element.type)),
  );
}

/** The fields with a name of their own each: a form may have several of one name, one for each check of a scorecard. */
function named(form: HTMLFormElement): [string, TextControl][] {
  const counts = new Map<string, number>();
  return texts(form)
    .filter((control) => control.name)
    .map((control) => {
      const nth = counts.get(control.name) ?? 0;
      counts.set(control.name, nth + 1);
      return [`${control.name} ${nth}`, control];
    });
}

function guardedForms(): HTMLFormElement[] {
  return [...document.querySelectorAll<HTMLFormElement>("form[data-guard]")];
}

function keyOf(form: HTMLFormElement): string {
  // The address names what is written about: two failures have the same form on the same page.
  return `${PREFIX}${form.getAttribute("action") ?? `${location.pathname}#${form.id}`}`;
}

function typed(form: HTMLFormElement): Record<string, Typed> {
  const changed = named(form).filter(([, control]) => control.value !== control.defaultValue);
  return Object.fromEntries(changed.map(([name, control]) => [name, { was: control.defaultValue, now: control.value }]));
}

function isDirty(form: HTMLFormElement): boolean {
  return Object.keys(typed(form)).length > 0;
}

function keep(form: HTMLFormElement, submitted: boolean): void {
  const fields = typed(form);
  try {
    if (Object.keys(fields).length === 0) sessionStorage.removeItem(keyOf(form));
    else sessionStorage.setItem(keyOf(form), JSON.stringify({ submitted, fields } satisfies Draft));
  } catch {
    // No storage in this browser: the question before leaving still guards the text.
  }
}

function restore(form: HTMLFormElement): void {
  const draft = readDraft(keyOf(form));
  if (!draft) return;
  for (const [name, control] of named(form)) {
    const text = draft.fields[name];
    // Only where the field is as it was when it was typed in: what somebody else has written meanwhile stays.
    if (text && control.value === text.was) control.value = text.now;
  }
}

function readDraft(key: string): Draft | undefined {
  try {
    const value: unknown = JSON.parse(sessionStorage.getItem(key) ?? "null");
    return value && typeof value === "object" && "fields" in value ? (value as Draft) : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Forgets drafts of forms that were sent and are not shown again: they were accepted. Whoever is sent to sign in was not heard: what they sent counts
 * as not sent, and stays until they come back to its form.
 */
function forgetAccepted(): void {
  const unheard = document.body.classList.contains("solo");
  const shown = new Set(guardedForms().map(keyOf));
  try {
    for (const key of Object.keys(sessionStorage).filter((one) => one.startsWith(PREFIX) && !shown.has(one))) {
      const draft = readDraft(key);
      if (!draft?.submitted) continue;
      if (unheard) sessionStorage.setItem(key, JSON.stringify({ ...draft, submitted: false } satisfies Draft));
      else sessionStorage.removeItem(key);
    }
  } catch {
    // No storage: nothing was kept.
  }
}

/** Says at the form that there is no connection: sending it would lead to the browser's own page and away from what was typed. */
export function sayOffline(form: HTMLFormElement): void {
  const text = "There is no connection. What you have typed is kept here; send it again when you are back.";
  const said = form.querySelector<HTMLElement>("[data-offline]") ?? document.createElement("p");
  said.dataset["offline"] = "";
  said.className = "note is-warn";
  said.textContent = text;
  form.append(said);
  announce(text);
}

/** What was typed in this form was accepted without leaving the page. */
export function forgetDraft(form: HTMLFormElement): void {
  try {
    sessionStorage.removeItem(keyOf(form));
  } catch {
    // No storage: nothing was kept.
  }
}

/** Puts what was typed and not accepted back into the forms on the page. */
export function restoreDrafts(): void {
  guardedForms().forEach(restore);
}

export function guardForms(): void {
  let leaving = false;
  forgetAccepted();
  restoreDrafts();
  document.addEventListener("input", (event) => {
    const form = event.target instanceof Element ? event.target.closest<HTMLFormElement>("form[data-guard]") : null;
    if (form) keep(form, false);
  });
  document.addEventListener("submit", (event) => {
    if (event.defaultPrevented || !(event.target instanceof HTMLFormElement)) return;
    if (event.target.matches("[data-guard]")) {
      if (!navigator.onLine) {
        event.preventDefault();
        return sayOffline(event.target);
      }
      event.target.querySelector("[data-offline]")?.remove();
      keep(event.target, true);
    }
    leaving = true;
  });
  // To the same form as it is now: what was typed comes along.
  document.addEventListener("click", (event) => {
    if (event.target instanceof Element && event.target.closest("a[data-reload]")) leaving = true;
  });
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && guardedForms().some(isDirty)) event.preventDefault();
  });
}
