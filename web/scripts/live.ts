// Parts of a page that follow what changes: an element with data-live and hx-trigger="live" is fetched again when the service says that something of
// the project changed (server-sent events), and every half minute where events do not come. A page in the background does not listen: browsers allow few
// connections to one service, and nobody looks at it. When it is looked at again it is fetched at once.
const POLL_MS = 30_000;
/** How soon it is tried again to exchange what somebody is reading. */
const READ_MS = 1_000;

/** When a part may be fetched again that takes the service some work: data-live-pause-ms after it was. */
const rested = new WeakMap<HTMLElement, number>();
const waiting = new WeakSet<HTMLElement>();

function fetchAgain(part: HTMLElement): void {
  const pause = Number(part.dataset["livePauseMs"] ?? 0);
  const now = performance.now();
  // A chart is not exchanged under the eyes of somebody who reads it mark by mark.
  const wait = part.querySelector(".is-read") ? READ_MS : (rested.get(part) ?? pause) - now;
  if (wait <= 0) {
    rested.set(part, now + pause);
    part.dispatchEvent(new CustomEvent("live"));
  } else if (!waiting.has(part)) {
    waiting.add(part);
    window.setTimeout(() => {
      waiting.delete(part);
      // In the background nobody looks: it is fetched when they do.
      if (part.isConnected && !document.hidden) fetchAgain(part);
    }, wait);
  }
}

function refresh(): void {
  for (const part of document.querySelectorAll<HTMLElement>("[data-live]")) fetchAgain(part);
}

export function liveParts(): void {
  const address = document.querySelector<HTMLElement>("[data-events]")?.dataset["events"];
  if (!address) return;
  let events: EventSource | undefined;
  let polling: number | undefined;

  const rest = (): void => {
    events?.close();
    window.clearInterval(polling);
    events = undefined;
    polling = undefined;
  };
  const listen = (): void => {
    rest();
    events = new EventSource(address);
    events.addEventListener("changed", refresh);
    // While it only reconnects (state 0) there is nothing to do; closed (2) means that the service refuses or something between does not pass events on.
    events.addEventListener("error", () => {
      if (events?.readyState === EventSource.CLOSED) polling ??= window.setInterval(refresh, POLL_MS);
    });
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return rest();
    refresh();
    listen();
  });
  window.addEventListener("pagehide", rest);
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) listen();
  });
  if (!document.hidden) listen();
}
