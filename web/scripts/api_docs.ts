// The API browser at /api/docs: draws openapi.json as a page that reads and searches well, works offline and obeys the strict
// content-security policy (the ready-made browsers set inline styles). Nothing is interpreted as markup.
import { fields } from "./api_schema";
import { copyButtons } from "./copy";
import { element } from "./element";
import { keyboard } from "./keys";
import { entriesByTag, typeName, type Content, type Document, type Entry, type Parameter } from "./openapi";
import { themeToggle } from "./theme_toggle";

function paragraphs(text: string | undefined): HTMLElement[] {
  return (text ?? "").split(/\n{2,}/).filter(Boolean).map((part) => element("p", {}, part));
}

function contents(document: Document, content: Content | undefined): HTMLElement[] {
  return Object.entries(content ?? {}).map(([type, { schema, example }]) =>
    element(
      "div",
      { class: "stack" },
      element("p", { class: "small" }, element("code", {}, type), schema ? ` ${typeName(schema)}` : ""),
      schema && fields(document, schema),
      example !== undefined && element("pre", { class: "code" }, JSON.stringify(example, null, 2)),
    ),
  );
}

function parameterTable(parameters: Parameter[]): HTMLElement {
  const rows = parameters.map((parameter) =>
    element(
      "tr",
      {},
      element("th", { scope: "row", class: "mono" }, parameter.name),
      element("td", { class: "small" }, `${parameter.in}, ${typeName(parameter.schema ?? {})}${parameter.required ? "" : ", optional"}`),
      element("td", { class: "wrap-anywhere" }, parameter.description ?? ""),
    ),
  );
  const head = element("tr", {}, ...["Parameter", "Where and type", "Meaning"].map((title) => element("th", { scope: "col" }, title)));
  return element("div", { class: "table-wrap" }, element("table", { class: "table is-tight" }, element("thead", {}, head), element("tbody", {}, ...rows)));
}

function curl({ method, path, operation }: Entry): string {
  const parts = ["curl"];
  if (method !== "get") parts.push(`-X ${method.toUpperCase()}`);
  if (operation.security?.length !== 0) parts.push('-H "Authorization: Bearer $SEATRIAL_KEY"');
  const type = Object.keys(operation.requestBody?.content ?? {})[0];
  if (type) parts.push(`-H "Content-Type: ${type}"`, "--data-binary @body");
  parts.push(`"${location.origin}${path}"`);
  return parts.join(" ");
}

function body(document: Document, entry: Entry): HTMLElement {
  const { operation } = entry;
  const command = curl(entry);
  const responses = Object.entries(operation.responses ?? {}).map(([status, response]) =>
    element("div", { class: "stack" }, element("p", {}, element("b", {}, status), ` ${response.description ?? ""}`), ...contents(document, response.content)),
  );
  return element(
    "div",
    { class: "card-body" },
    operation.deprecated === true && element("p", { class: "note is-warn" }, "Deprecated: it goes away in a later version."),
    ...paragraphs(operation.description),
    element("div", { class: "command" }, element("code", {}, command), element("button", { class: "copy", type: "button", "data-copy": command }, "Copy")),
    operation.parameters?.length ? parameterTable(operation.parameters) : undefined,
    operation.requestBody && element("h3", {}, "Request"),
    ...contents(document, operation.requestBody?.content),
    element("h3", {}, "Responses"),
    ...responses,
  );
}

function card(document: Document, entry: Entry): HTMLElement {
  const { operation } = entry;
  const title = element("code", {}, `${entry.method.toUpperCase()} ${entry.path}`);
  const details = element("details", { class: "card", id: entry.id }, element("summary", { class: "card-head" }, title, element("span", { class: "muted" }, operation.summary ?? "")));
  details.dataset["words"] = `${entry.method} ${entry.path} ${entry.id} ${operation.summary ?? ""}`.toLowerCase();
  details.addEventListener("toggle", () => details.append(body(document, entry)), { once: true });
  return details;
}

function draw(main: HTMLElement, document: Document): void {
  main.append(element("p", { class: "page-sub" }, `${document.info.title} ${document.info.version}`), ...paragraphs(document.info.description));
  const nouns = window.document.getElementById("nouns");
  for (const [tag, entries] of entriesByTag(document)) {
    const id = `noun-${tag.replace(/\W+/g, "-")}`;
    const about = document.tags?.find((known) => known.name === tag)?.description;
    main.append(
      element("section", { class: "section", id }, element("h2", { class: "section-title" }, tag), ...paragraphs(about), ...entries.map((entry) => card(document, entry))),
    );
    nouns?.append(element("li", {}, element("a", { class: "rail-link", href: `#${id}` }, tag)));
  }
}

function find(words: string): void {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  for (const details of document.querySelectorAll<HTMLElement>("details[data-words]")) {
    details.hidden = !wanted.every((word) => details.dataset["words"]?.includes(word));
  }
  for (const section of document.querySelectorAll<HTMLElement>("main > .section")) {
    section.hidden = section.querySelector("details[data-words]:not([hidden])") === null;
  }
}

function openNamed(): void {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (target instanceof HTMLDetailsElement) target.open = true;
  target?.scrollIntoView();
}

async function load(main: HTMLElement): Promise<void> {
  const url = main.dataset["spec"] ?? "/api/openapi.json";
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}`);
  draw(main, (await answer.json()) as Document);
  openNamed();
}

themeToggle();
copyButtons();
keyboard();
window.addEventListener("hashchange", openNamed);
const search = document.querySelector<HTMLInputElement>("#query");
search?.addEventListener("input", () => find(search.value));
search?.form?.addEventListener("submit", (event) => event.preventDefault());
const main = document.getElementById("main");
if (main) {
  load(main).catch((error: unknown) => {
    main.append(element("p", { class: "note is-bad", role: "alert" }, `The API description could not be read: ${error instanceof Error ? error.message : String(error)}`));
  });
}
