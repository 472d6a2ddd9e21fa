import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { MnistKitError } from '@mnist-kit/core';
import { CallbackError } from '@mnist-kit/trainer';
import { afterAll, expect, test } from 'vitest';
import { folder, mistakes } from './mistakes.js';
import { root } from './programs.js';

afterAll(() => rm(folder, { recursive: true, force: true }));

const page = await readFile(join(root, 'docs/troubleshooting.md'), 'utf8');
const messages = [...page.matchAll(/```text\n([\s\S]*?)\n```/g)].map(([, message]) => message);

test('every message that the guide to mistakes explains is what somebody who makes that mistake is told', async () => {
  const told: string[] = [];
  for (const mistake of mistakes) {
    const error = await Promise.resolve()
      .then(mistake)
      .catch((thrown: unknown) => thrown);
    expect(error instanceof MnistKitError || error instanceof CallbackError, String(error)).toBe(true);
    told.push(`${(error as Error).name}: ${(error as Error).message}`);
  }
  expect(messages).toHaveLength(mistakes.length);
  messages.forEach((message, i) => {
    // `…` stands for what differs from case to case.
    const pattern = message.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll('…', '[\\s\\S]*');
    expect(told[i]).toMatch(new RegExp(`^${pattern}$`));
  });
}, 120_000);
