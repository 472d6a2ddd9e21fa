import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

test("a user's own loss, metric and callback train a net to 93% of the test digits", async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program]);
  expect(stdout.match(/hardest digit: \d/g)).toHaveLength(3);
  const accuracy = Number(/Test: focal loss [\d.]+, accuracy ([\d.]+)%/.exec(stdout)?.[1]);
  expect(accuracy).toBeGreaterThan(93);
  expect(stderr).toBe('');
}, 120_000);
