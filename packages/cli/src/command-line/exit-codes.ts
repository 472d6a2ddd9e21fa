/**
 * Exit code where all is well.
 *
 * @example
 * ```ts
 * import { OK, runMain } from '@mnist-kit/cli/toolkit';
 *
 * await runMain(async () => OK);
 * ```
 */
export const OK = 0;

/**
 * Exit code of an unforeseen error, of a lost line of `--json`, and of `doctor` where something is wrong.
 *
 * @example
 * ```ts
 * import { FAILED, OK, runMain } from '@mnist-kit/cli/toolkit';
 *
 * await runMain(async (_argv, output) => ((await output.result('{}')) ? OK : FAILED));
 * ```
 */
export const FAILED = 1;

/**
 * Exit code after a user's mistake.
 *
 * @example
 * ```ts
 * import { OK, runMain, USER_MISTAKE } from '@mnist-kit/cli/toolkit';
 *
 * await runMain(async ([name]) => (name === undefined ? USER_MISTAKE : OK));
 * ```
 */
export const USER_MISTAKE = 2;

/**
 * Exit code of a run that was cut short: the Trainer has set it by the signal, 130 after Ctrl-C, 143 after SIGTERM.
 *
 * @example
 * ```ts
 * import { interruptedCode, OK } from '@mnist-kit/cli/toolkit';
 * import type { History } from '@mnist-kit/trainer';
 *
 * const codeOf = ({ interrupted }: History) => (interrupted ? interruptedCode() : OK);
 * ```
 */
export function interruptedCode(): number {
  return Number(process.exitCode ?? 130);
}
