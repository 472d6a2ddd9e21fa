import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError } from '@mnist-kit/core';
import { writeFileAtomic } from '@mnist-kit/core/node';

/** A part of a document that a program writes, between `<!-- name -->` and `<!-- /name -->`. */
export interface Section {
  /** Path from the repository's root. */
  readonly file: string;
  readonly name: string;
  readonly text: string;
}

/**
 * Puts a section's text into its document.
 *
 * @throws DataError when the document has no such section.
 */
export async function replaceSection(repository: string, { file, name, text }: Section): Promise<void> {
  const path = join(repository, file);
  const document = await readFile(path, 'utf8');
  const [start, end] = [`<!-- ${name} -->\n`, `\n<!-- /${name} -->`];
  const from = document.indexOf(start);
  const to = document.indexOf(end);
  if (from < 0 || to < from)
    throw new DataError(`${file} has no place for "${name}": expected ${start.trim()} … ${end.trim()}.`);
  await writeFileAtomic(path, document.slice(0, from + start.length) + text + document.slice(to));
}

/** A table without the rows that have nothing to show; nothing where none has. */
export function markdown(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const shown = rows.filter((row) => row.length > 0);
  if (shown.length === 0) return '';
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...shown.map(line)].join('\n');
}
