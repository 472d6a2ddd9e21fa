import { availableParallelism } from '@mnist-kit/core';
import type { CommandResult, Terminal } from '../command-line/command-result.js';
import { FAILED, OK } from '../command-line/exit-codes.js';
import { type Check, formatCheck } from '../doctor/check.js';

/** `mnist-kit doctor`. */
export async function doctor({ print }: Terminal): Promise<CommandResult> {
  const checks: Check[] = [];
  const add = (...found: readonly Check[]) => {
    for (const check of found) {
      checks.push(check);
      for (const line of formatCheck(check)) print(line);
    }
  };
  const look = await import('../doctor/checks.js');
  add(look.checkNode(), look.checkCores(), look.checkMemory(), look.checkSimd(), look.checkRelaxedSimd());
  add(look.checkThreads(), ...look.checkPackages(), look.checkBackends(), ...(await look.checkData()));
  add(...(await checkBits()));
  const count = (status: Check['status']) => checks.filter((check) => check.status === status).length;
  const [errors, warnings] = [count('error'), count('warning')];
  print(
    errors + warnings === 0
      ? '\nAll is well.'
      : `\n${errors} ${errors === 1 ? 'error' : 'errors'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}.`,
  );
  return { result: { ok: errors === 0, checks }, code: errors === 0 ? OK : FAILED };
}

/** What a short training is run with. */
interface Run {
  readonly threads: number;
  readonly vectors: 128 | 256;
}

/**
 * A short training on one thread and on several, and with wider vectors where `train` takes them: its weights must be the
 * same on every machine.
 */
async function checkBits(): Promise<Check[]> {
  const { enableWideVectors } = await import('@mnist-kit/engine');
  const threads = Math.max(2, Math.min(8, availableParallelism()));
  const checks = [await checkRun({ threads: 1, vectors: 128 }), await checkRun({ threads, vectors: 128 })];
  if (enableWideVectors()) return [...checks, await checkRun({ threads, vectors: 256 })];
  const wide: Check = {
    name: 'wide vectors',
    status: 'note',
    found: 'none of 256 bits here',
    advice:
      'Node 22 and newer have them on x64 processors with AVX2; training is then faster, to the same bits.',
  };
  return [...checks, wide];
}

async function checkRun({ threads, vectors }: Run): Promise<Check> {
  const { GOLDEN_BITS, trainedBits } = await import('../doctor/trained-bits.js');
  const wide = vectors === 256;
  const name = wide ? 'bits, wide' : `bits, ${threads} thread${threads === 1 ? '' : 's'}`;
  try {
    const { sha256, description } = await trainedBits({ threads, vectors });
    if (sha256 === GOLDEN_BITS) return { name, status: 'ok', found: `as everywhere (${description})` };
    return {
      name,
      status: 'error',
      found: `${sha256.slice(0, 16)}, not ${GOLDEN_BITS.slice(0, 16)}`,
      advice:
        'This machine computes otherwise than others. Please report it with the output of doctor --json.',
    };
  } catch (error) {
    return {
      name,
      // Without them the plan takes narrower ones.
      status: wide ? 'warning' : 'error',
      found: error instanceof Error ? error.message : String(error),
      advice: wide
        ? 'Training takes vectors of 128 bits instead, which is slower.'
        : 'The plan does not run here; --engine eager may.',
    };
  }
}
