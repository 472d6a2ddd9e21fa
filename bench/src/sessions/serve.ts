import { createInterface } from 'node:readline';
import { MnistKitError } from '@mnist-kit/core';
import { makeSession, type SessionOptions } from './make-session.js';
import type { Session } from './session.js';

/**
 * A child process: says `{"ready": true}` when the work can begin, then answers each line `{"steps": n}` with
 * `{"ms": milliseconds per step}`, until stdin ends.
 */
export async function serve(argument: string): Promise<never> {
  // stdout is for the answers: what libraries have to say goes elsewhere.
  console.log = console.error;
  const answer = (value: unknown) => process.stdout.write(`${JSON.stringify(value)}\n`);
  const session = await open(JSON.parse(argument) as SessionOptions);
  answer({ ready: true });
  for await (const line of createInterface({ input: process.stdin })) {
    const { steps } = JSON.parse(line) as { steps: number };
    const start = performance.now();
    for (let i = 0; i < steps; i++) await session.step();
    const ms = (performance.now() - start) / steps;
    const parts = session.parts?.();
    if (parts === undefined) answer({ ms });
    else {
      const { engine, waiting, drawing } = parts;
      answer({ ms, parts: { engine: engine / steps, waiting: waiting / steps, drawing: drawing / steps } });
    }
  }
  process.exit(0);
}

/** What this machine cannot do is said in one line, which is what the parent tells of a child that ended. */
async function open(options: SessionOptions): Promise<Session> {
  try {
    return await makeSession(options);
  } catch (error) {
    if (!(error instanceof MnistKitError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}
