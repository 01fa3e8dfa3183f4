// A schema as a table of fields, opened level by level: a reference is drawn only when a person opens it, so recursive schemas end.
import { element } from "./element";
import { refName, resolve, typeName, type Document, type Schema } from "./openapi";

function limits(schema: Schema): string {
  const parts = [
    schema.enum && `one of ${schema.enum.map((value) => JSON.stringify(value)).join(", ")}`,
    schema.const !== undefined && `always ${JSON.stringify(schema.const)}`,
    schema.default !== undefined && `default ${JSON.stringify(schema.default)}`,
    schema.minimum !== undefined && `at least ${schema.minimum}`,
    schema.maximum !== undefined && `at most ${schema.maximum}`,
    schema.maxLength !== undefined && `at most ${schema.maxLength} characters`,
    schema.maxItems !== undefined && `at most ${schema.maxItems} items`,
  ];
  return parts.filter(Boolean).join("; ");
}

/** The schema below a field that has fields of its own, if any. */
function nested(document: Document, schema: Schema): Schema | undefined {
  if (schema.items) return nested(document, schema.items);
  const target = resolve(document, schema);
  const choices = target.oneOf ?? target.anyOf ?? target.allOf;
  if (choices) return choices.some((choice) => nested(document, choice)) ? target : undefined;
  if (typeof target.additionalProperties === "object") return nested(document, target.additionalProperties);
  return target.properties ? target : undefined;
}

function later(label: string, draw: () => Node): HTMLElement {
  const details = element("details", { class: "more" }, element("summary", {}, label));
  details.addEventListener("toggle", () => details.append(draw()), { once: true });
  return details;
}

function fieldRow(document: Document, name: string, schema: Schema, required: boolean): HTMLElement {
  const inner = nested(document, schema);
  const note = schema.description ?? (schema.$ref ? resolve(document, schema).description : undefined);
  const limit = limits(resolve(document, schema));
  return element(
    "tr",
    {},
    element("th", { scope: "row", class: "mono" }, name),
    element("td", { class: "small" }, typeName(schema), required ? "" : element("span", { class: "muted" }, ", optional")),
    element(
      "td",
      { class: "wrap-anywhere" },
      note && element("p", {}, note),
      limit !== "" && element("p", { class: "small muted" }, limit),
      inner && later(`Fields of ${typeName(schema)}`, () => fields(document, inner)),
    ),
  );
}

/** The fields of a schema as a table; a choice as one table per alternative. */
export function fields(document: Document, schema: Schema): HTMLElement {
  const target = resolve(document, schema.items ? schema.items : schema);
  const choices = target.oneOf ?? target.anyOf ?? target.allOf;
  if (choices) {
    const shown = choices.filter((choice) => choice.type !== "null");
    return element("div", { class: "stack" }, ...shown.map((choice) => labelled(document, choice)));
  }
  if (!target.properties) return element("p", {}, element("code", {}, typeName(target)), " ", limits(target));
  const required = new Set(target.required ?? []);
  const rows = Object.entries(target.properties).map(([name, field]) => fieldRow(document, name, field, required.has(name)));
  const head = element("tr", {}, ...["Field", "Type", "Meaning"].map((title) => element("th", { scope: "col" }, title)));
  const table = element("table", { class: "table is-tight" }, element("thead", {}, head), element("tbody", {}, ...rows));
  return element("div", { class: "table-wrap" }, table);
}

function labelled(document: Document, schema: Schema): HTMLElement {
  const name = refName(schema);
  return element("div", { class: "stack" }, name && element("p", { class: "small muted" }, name), fields(document, schema));
}
