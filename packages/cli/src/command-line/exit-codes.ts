/** Exit code where all is well. */
export const OK = 0;
/** Exit code of an unforeseen error, of a lost line of `--json`, and of `doctor` where something is wrong. */
export const FAILED = 1;
/** Exit code after a user's mistake. */
export const USER_MISTAKE = 2;

/** Exit code of a run that was cut short: the Trainer has set it by the signal, 130 after Ctrl-C, 143 after SIGTERM. */
export function interruptedCode(): number {
  return Number(process.exitCode ?? 130);
}
