// Asks before a form that cannot be undone is sent: data-confirm="Sentence?" on the form, or on one of its submit buttons.
export function confirmSubmissions(): void {
  // Capturing, so that a refusal also stops htmx, which listens on the form itself.
  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (!(form instanceof HTMLFormElement)) return;
      const sentence = event.submitter?.dataset["confirm"] ?? form.dataset["confirm"];
      if (!sentence || window.confirm(sentence)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    },
    true,
  );
}
