import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const script = fileURLToPath(new URL('train.mjs', import.meta.url));

/** How a process ended, and what it had written. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Processes that a test started. */
export class Children {
  readonly #running = new Set<ChildProcess>();

  /** Starts a training process; `onLine` sees what it prints. */
  start(options: object, onLine: (line: string, child: ChildProcess) => void = () => {}): Promise<Ended> {
    const child = spawn(process.execPath, [script, JSON.stringify(options)]);
    this.#running.add(child);
    let stdout = '';
    let stderr = '';
    let rest = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
      rest += chunk;
      const lines = rest.split('\n');
      rest = lines.pop()!;
      for (const line of lines) onLine(line, child);
    });
    child.stderr.on('data', (chunk) => {
      stderr += chunk;
    });
    return new Promise((resolve) => {
      child.on('close', (code, signal) => {
        this.#running.delete(child);
        resolve({ code, signal, stdout, stderr });
      });
    });
  }

  /** Ends those that still run. */
  killAll(): void {
    for (const child of this.#running) child.kill('SIGKILL');
  }
}
