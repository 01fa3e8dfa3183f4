// Parts of a page that follow what changes: an element with data-live and hx-trigger="live" is fetched again when the service says that something of
// the project changed (server-sent events), and every half minute where events do not come. A page in the background does not listen: browsers allow few
// connections to one service, and nobody looks at it. When it is looked at again it is fetched at once.
const POLL_MS = 30_000;

function refresh(): void {
  for (const part of document.querySelectorAll("[data-live]")) part.dispatchEvent(new CustomEvent("live"));
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
