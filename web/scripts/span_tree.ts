// Which spans of a tree are to be seen. Lines come in depth-first order with their depth, so a span's children are the deeper lines right after it.

export type SpanLine = { id: string; depth: number; kind: string; name: string; error?: boolean; x: number; width: number; took: string; cost?: string };

/** The index after the last descendant of a line. */
export function childrenEnd(lines: SpanLine[], index: number): number {
  const depth = lines[index]?.depth ?? 0;
  let end = index + 1;
  while (end < lines.length && lines[end]!.depth > depth) end += 1;
  return end;
}

/** Indexes of the lines that no closed ancestor hides. */
export function shownLines(lines: SpanLine[], closed: ReadonlySet<number>): number[] {
  const shown: number[] = [];
  for (let index = 0; index < lines.length; ) {
    shown.push(index);
    index = closed.has(index) ? childrenEnd(lines, index) : index + 1;
  }
  return shown;
}
