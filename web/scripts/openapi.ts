// The parts of an OpenAPI 3.1 document that the API browser reads.
export type Schema = {
  $ref?: string;
  type?: string | string[];
  format?: string;
  description?: string;
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  example?: unknown;
  items?: Schema;
  properties?: Record<string, Schema>;
  additionalProperties?: Schema | boolean;
  required?: string[];
  oneOf?: Schema[];
  anyOf?: Schema[];
  allOf?: Schema[];
  minimum?: number;
  maximum?: number;
  maxLength?: number;
  maxItems?: number;
};
export type Content = Record<string, { schema?: Schema; example?: unknown }>;
export type Parameter = { name: string; in: string; required?: boolean; description?: string; schema?: Schema };
export type Operation = {
  operationId?: string;
  tags?: string[];
  summary?: string;
  description?: string;
  deprecated?: boolean;
  security?: Record<string, string[]>[];
  parameters?: Parameter[];
  requestBody?: { required?: boolean; description?: string; content?: Content };
  responses?: Record<string, { description?: string; content?: Content }>;
};
export type Document = {
  info: { title: string; version: string; description?: string };
  tags?: { name: string; description?: string }[];
  security?: Record<string, string[]>[];
  paths: Record<string, Record<string, Operation>>;
  components?: { schemas?: Record<string, Schema> };
};

const METHODS = ["get", "post", "put", "patch", "delete"];

/** One operation with its place. */
export type Entry = { method: string; path: string; id: string; operation: Operation };

/** All operations in the order of the document, by their first tag. */
export function entriesByTag(document: Document): Map<string, Entry[]> {
  const byTag = new Map<string, Entry[]>((document.tags ?? []).map((tag) => [tag.name, []]));
  for (const [path, operations] of Object.entries(document.paths)) {
    for (const method of METHODS) {
      const operation = operations[method];
      if (!operation) continue;
      const tag = operation.tags?.[0] ?? "other";
      const entries = byTag.get(tag) ?? [];
      entries.push({ method, path, id: operation.operationId ?? `${method}-${path}`, operation });
      byTag.set(tag, entries);
    }
  }
  return new Map([...byTag].filter(([, entries]) => entries.length > 0));
}

/** The schema a reference names, or the schema itself. */
export function resolve(document: Document, schema: Schema): Schema {
  const name = refName(schema);
  return (name && document.components?.schemas?.[name]) || schema;
}

/** The name a reference ends in. */
export function refName(schema: Schema): string | undefined {
  return schema.$ref?.split("/").pop();
}

/** A schema's type in a few words: "string (date-time)", "Run[]", "integer or null". */
export function typeName(schema: Schema): string {
  const name = refName(schema);
  if (name) return name;
  if (schema.items) return `${typeName(schema.items)}[]`;
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices) return [...new Set(choices.map(typeName))].join(" or ");
  if (schema.allOf?.length) return schema.allOf.map(typeName).join(" with ");
  const type = Array.isArray(schema.type) ? schema.type.join(" or ") : (schema.type ?? (schema.enum ? "string" : "any"));
  return schema.format ? `${type} (${schema.format})` : type;
}
