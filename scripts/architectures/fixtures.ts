import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSafetensors, writeSafetensors } from '@mnist-kit/models';
import { type NetReport, verdictOf } from './report.js';
import { pickSample } from './sample.js';

/**
 * Writes a sample of nets as fixtures, a file for each: inputs, PyTorch's float64 results (`results/`), and in the
 * metadata the architecture and how far each result may be off.
 *
 * @param folder Where specifications, inputs and results of all nets lie.
 * @param target Where the fixtures go; what lies there is replaced.
 * @returns The seeds of the sample.
 */
export async function writeFixtures(
  reports: readonly NetReport[],
  executors: readonly string[],
  { folder, target, most }: { folder: string; target: string; most: number },
): Promise<number[]> {
  // Where a kink lies within rounding, another build may fall on its other side.
  const sound = reports.filter((report) =>
    executors.every((executor) => ['close', 'rounding', 'refused'].includes(verdictOf(report, executor))),
  );
  const ran = sound.filter((report) => executors.some((executor) => !report.outcomes[executor]));
  const files = new Map(
    await Promise.all(ran.map(async (report) => [report, await fixture(report, folder)] as const)),
  );
  const picked = pickSample(ran, (report) => files.get(report)!.length / 4, most);
  await rm(target, { recursive: true, force: true });
  await mkdir(target, { recursive: true });
  for (const report of picked)
    await writeFile(join(target, `${report.architecture.seed}.safetensors`), files.get(report)!);
  return picked.map(({ architecture }) => architecture.seed);
}

async function fixture({ architecture, torch }: NetReport, folder: string): Promise<Uint8Array> {
  const read = async (what: string) =>
    readSafetensors(await readFile(join(folder, `${architecture.seed}.${what}.safetensors`)));
  const results = Object.entries(await read('float64')).map(([name, tensor]) => [`results/${name}`, tensor]);
  const tolerance = Object.fromEntries(
    Object.entries(torch.tolerance).map(([name, error]) => [name, Number(error.toPrecision(3))]),
  );
  return writeSafetensors(
    { ...(await read('inputs')), ...Object.fromEntries(results) },
    { architecture: JSON.stringify(architecture), tolerance: JSON.stringify(tolerance) },
  );
}
