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
  add(look.checkNode(), look.checkCores(), look.checkMemory(), look.checkSimd(), look.checkWideVectors());
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

/** A short training on one thread and on several: its weights must be the same on every machine. */
async function checkBits(): Promise<Check[]> {
  const { GOLDEN, trainedBits } = await import('../doctor/golden-bits.js');
  const counts = [...new Set([1, Math.max(2, Math.min(8, availableParallelism()))])];
  const checks: Check[] = [];
  for (const threads of counts) {
    const name = `bits, ${threads} thread${threads === 1 ? '' : 's'}`;
    try {
      const { sha256, description } = await trainedBits(threads);
      const same = sha256 === GOLDEN;
      checks.push({
        name,
        status: same ? 'ok' : 'error',
        found: same ? `as everywhere (${description})` : `${sha256.slice(0, 16)}, not ${GOLDEN.slice(0, 16)}`,
        ...(!same && {
          advice:
            'This machine computes otherwise than others. Please report it with the output of doctor --json.',
        }),
      });
    } catch (error) {
      checks.push({
        name,
        status: 'error',
        found: error instanceof Error ? error.message : String(error),
        advice: 'The plan does not run here; --engine eager may.',
      });
    }
  }
  return checks;
}
