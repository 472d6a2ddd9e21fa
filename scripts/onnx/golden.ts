import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { sampleCases } from './cases.js';

/** What onnxruntime gave for a file, by net and way of writing it. */
export type Golden = Record<string, Record<string, { readonly digest: string; readonly outputs: number[] }>>;

const path = join(process.cwd(), 'scripts', '__tests__', 'fixtures', 'onnxruntime.json');

/** SHA-256 of a file without the version of what wrote it, so that a release leaves it as it is. */
export function digestOf(bytes: Uint8Array): string {
  const name = Buffer.from('\x12\x09mnist-kit\x1a', 'latin1');
  const at = Buffer.from(bytes).indexOf(name) + name.length;
  const rest = [bytes.subarray(0, at), bytes.subarray(at + 1 + bytes[at])];
  return createHash('sha256').update(Buffer.concat(rest)).digest('hex').slice(0, 16);
}

export async function readGolden(): Promise<Golden> {
  return JSON.parse(await readFile(path, 'utf8'));
}

/** Writes the sample's part. */
export async function writeGolden(golden: Golden): Promise<void> {
  const sample = [...sampleCases()].map(({ name, model }) => {
    model.dispose();
    return [name, golden[name]];
  });
  await writeFile(path, `${JSON.stringify(Object.fromEntries(sample))}\n`);
}
