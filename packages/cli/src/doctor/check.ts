/** What a check found. */
export interface Check {
  /** What was looked at. */
  readonly name: string;
  /** `ok`; `note`, which is no mistake; `warning`, with which training is slower or lacks something; `error`. */
  readonly status: 'ok' | 'note' | 'warning' | 'error';
  /** What was found. */
  readonly found: string;
  /** What to do about it. */
  readonly advice?: string;
}

const marks = { ok: 'ok     ', note: 'note   ', warning: 'WARNING', error: 'ERROR  ' } as const;

/** A check for people, the advice on a line of its own. */
export function formatCheck({ name, status, found, advice }: Check): string[] {
  return [`${marks[status]}  ${name.padEnd(16)} ${found}`, ...(advice ? [`${' '.repeat(26)}${advice}`] : [])];
}
