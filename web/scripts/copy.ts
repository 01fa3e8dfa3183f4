// Copy buttons: data-copy="text" copies that text, data-copy-from="#id" the text of that element. Says what happened, on the button and to a
// screen reader.
import { announce } from "./announce";

const SHOWN_MS = 2000;

function textOf(button: HTMLElement): string {
  const from = button.dataset["copyFrom"];
  if (!from) return button.dataset["copy"] ?? "";
  const source = document.querySelector(from);
  if (source instanceof HTMLInputElement || source instanceof HTMLTextAreaElement) return source.value;
  return source?.textContent ?? "";
}

export function copyButtons(): void {
  document.addEventListener("click", async (event) => {
    if (!(event.target instanceof Element)) return;
    const button = event.target.closest<HTMLElement>("[data-copy], [data-copy-from]");
    if (!button) return;
    event.preventDefault();
    let said = "Copied";
    try {
      await navigator.clipboard.writeText(textOf(button));
    } catch {
      said = "Not copied: select the text and copy it by hand";
    }
    announce(said);
    button.dataset["label"] ??= button.textContent ?? "";
    button.textContent = said;
    setTimeout(() => {
      button.textContent = button.dataset["label"] ?? "Copy";
    }, SHOWN_MS);
  });
}
