import type { RoundReport } from '../../packages/trainer/src/__tests__/chaos/round.js';

/** A table of how processes ended, by what was done to them. */
export function tally(reports: readonly RoundReport[]): Record<string, Record<string, number>> {
  const table: Record<string, Record<string, number>> = {};
  const count = (row: string, column: string) => {
    table[row] ??= { finished: 0, interrupted: 0, killed: 0, refused: 0, wrong: 0 };
    table[row][column]++;
  };
  for (const { steps } of reports)
    for (const { acted, verdict } of steps) {
      const column = 'wrong' in verdict ? 'wrong' : verdict.outcome;
      for (const row of new Set(acted.map(nameOf))) count(row, column);
      if (acted.length === 0) count('(undisturbed)', column);
    }
  return Object.fromEntries(Object.entries(table).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function nameOf({ disturbance, what }: RoundReport['steps'][number]['acted'][number]): string {
  if (disturbance.kind === 'signals') return disturbance.signals.join(' + ');
  if (disturbance.kind === 'limit') return `limit: ${disturbance.of}`;
  if (disturbance.kind === 'worker fails') return `worker fails: ${disturbance.how}`;
  if (disturbance.kind === 'file damaged') {
    const area = what.startsWith('checkpoints/') ? 'states' : what.startsWith('logs/') ? 'logs' : 'weights';
    return `file of ${area}: ${disturbance.damage}${disturbance.moment === undefined ? ', between' : ''}`;
  }
  const between =
    ['folder removed', 'read-only'].includes(disturbance.kind) && disturbance.moment === undefined;
  return `${disturbance.kind}${between ? ', between' : ''}`;
}

/** What happened in a round, for a person to read. */
export function describe({ round, steps, findings }: RoundReport): string {
  const lines = [
    `round ${round.number} of seed ${round.seed}, configuration ${round.configuration}: ${findings.join('; ')}`,
  ];
  for (const { acted, verdict, ended } of steps) {
    const done =
      acted.map(({ disturbance, what }) => `${disturbance.kind} (${what})`).join(', ') || 'undisturbed';
    const { code, signal, seconds } = ended;
    lines.push(
      `  ${done}: ${JSON.stringify(verdict)}, code ${code}, signal ${signal}, ${seconds.toFixed(1)} s`,
    );
    if ('wrong' in verdict)
      lines.push(
        ...indented('stdout', ended.stdout.trimEnd().split('\n').slice(-6)),
        ...indented('stderr', ended.stderr.trimEnd().split('\n').slice(0, 16)),
      );
  }
  return lines.join('\n');
}

function indented(name: string, lines: readonly string[]): string[] {
  return lines.map((line) => `    ${name}: ${line}`);
}

/** The processes that took longest. */
export function slowest(reports: readonly RoundReport[], count: number): string[] {
  return reports
    .flatMap(({ round, steps }) =>
      steps.map(({ acted, ended }) => ({
        seconds: ended.seconds,
        text: `${ended.seconds.toFixed(1)} s: round ${round.number}, ${acted.map(({ disturbance }) => disturbance.kind).join(', ') || 'undisturbed'}`,
      })),
    )
    .sort((a, b) => b.seconds - a.seconds)
    .slice(0, count)
    .map(({ text }) => text);
}
