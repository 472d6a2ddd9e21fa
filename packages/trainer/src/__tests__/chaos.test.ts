import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { drawRound, runRound } from './chaos/round.js';
import { makeFolder, Undisturbed } from './chaos/undisturbed.js';
import { Children } from './children/start.js';

const root = mkdtempSync(join(tmpdir(), 'chaos-'));
const children = new Children();
const undisturbed = new Undisturbed(children, root);
const upset = fileURLToPath(new URL('children/upset.mjs', import.meta.url));
afterAll(() => {
  children.killAll();
  rmSync(root, { recursive: true, force: true });
});

// Some of those that `npm run test:chaos` runs 500 of: on each engine, with every kind of disturbance that needs
// nothing of the system.
test.concurrent.each([1, 5, 19, 41, 45])(
  'disturbed processes end with the same bits or say why not, and lose nothing: round %i',
  async (number) => {
    const round = drawRound(1, number, { disk: false, limits: false, permissions: false });
    const folder = makeFolder(join(root, `round-${number}`));
    const place = { run: join(folder, 'run'), out: join(folder, 'out.json') };
    const { findings, steps } = await runRound(round, { place, undisturbed, children, upset });
    expect({ findings, steps: findings.length > 0 ? steps : [] }).toEqual({ findings: [], steps: [] });
  },
  120_000,
);
