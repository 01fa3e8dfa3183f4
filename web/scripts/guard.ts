// No typed text is lost: on a form with data-guard, leaving asks first, and what was typed is kept in this tab until the form was accepted. An
// expired session sends the person to sign in; when they come back to the form, their text is there again.
const PREFIX = "seatrial.draft:";

type Draft = { submitted: boolean; fields: Record<string, string> };
type TextControl = HTMLInputElement | HTMLTextAreaElement;

function texts(form: HTMLFormElement): TextControl[] {
  return [...form.elements].filter(
    (element): element is TextControl =>
      element instanceof HTMLTextAreaElement || (element instanceof HTMLInputElement && ["text", "search", "url"].includes(element.type)),
  );
}

function guardedForms(): HTMLFormElement[] {
  return [...document.querySelectorAll<HTMLFormElement>("form[data-guard]")];
}

function keyOf(form: HTMLFormElement): string {
  // The address names what is written about: two failures have the same form on the same page.
  return `${PREFIX}${form.getAttribute("action") ?? `${location.pathname}#${form.id}`}`;
}

function typed(form: HTMLFormElement): Record<string, string> {
  const changed = texts(form).filter((control) => control.name && control.value !== control.defaultValue);
  return Object.fromEntries(changed.map((control) => [control.name, control.value]));
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
  for (const control of texts(form)) {
    const text = draft.fields[control.name];
    if (text !== undefined && control.value === "") control.value = text;
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

/** Forgets drafts of forms that were sent and are not shown again: they were accepted. The sign-in page proves nothing. */
function forgetAccepted(): void {
  if (document.body.classList.contains("solo")) return;
  const shown = new Set(guardedForms().map(keyOf));
  try {
    for (const key of Object.keys(sessionStorage)) {
      if (key.startsWith(PREFIX) && !shown.has(key) && readDraft(key)?.submitted) sessionStorage.removeItem(key);
    }
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
    leaving = true;
    if (event.target.matches("[data-guard]")) keep(event.target, true);
  });
  window.addEventListener("beforeunload", (event) => {
    if (!leaving && guardedForms().some(isDirty)) event.preventDefault();
  });
}
