// <time datetime="…" data-local-time>: the page shows UTC, the title adds the reader's own time when pointed at or focused.
const format = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "long" });

export function localTimes(): void {
  const show = (event: Event): void => {
    const time = event.target instanceof Element ? event.target.closest<HTMLTimeElement>("time[data-local-time]") : null;
    if (!time || time.title) return;
    const at = new Date(time.dateTime);
    if (!Number.isNaN(at.getTime())) time.title = format.format(at);
  };
  document.addEventListener("pointerover", show);
  document.addEventListener("focusin", show);
}
