import { type ChildProcess, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

/** How a process ended, and what it had written. */
export interface Ended {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What a process runs in, where it is not what this one runs in. */
export interface Surroundings {
  /** Arguments of Node. */
  readonly node?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** The user that it runs as. */
  readonly user?: number;
  /** Where its output goes: a file descriptor. Default: to `onLine`. */
  readonly stdout?: number;
}

/** Processes that a test started. */
export class Children {
  readonly #script: string;
  readonly #running = new Set<ChildProcess>();

  /** @param script What they run. */
  constructor(script = fileURLToPath(new URL('train.mjs', import.meta.url))) {
    this.#script = script;
  }

  /** Starts a training process; `onLine` sees what it prints. */
  start(
    options: object,
    onLine: (line: string, child: ChildProcess) => void = () => {},
    surroundings: Surroundings = {},
  ): Promise<Ended> {
    return this.launch(options, onLine, surroundings).ended;
  }

  /** As {@link start}, and gives the process as well. */
  launch(
    options: object,
    onLine: (line: string, child: ChildProcess) => void,
    { node = [], environment, user, stdout: target }: Surroundings,
  ): { child: ChildProcess; ended: Promise<Ended> } {
    const child = spawn(process.execPath, [...node, this.#script, JSON.stringify(options)], {
      stdio: ['pipe', target ?? 'pipe', 'pipe'],
      // Another user cannot read this one's files.
      env: { ...process.env, ...(user !== undefined && { HOME: tmpdir() }), ...environment },
      ...(user !== undefined && { uid: user, gid: user }),
    });
    this.#running.add(child);
    let stdout = '';
    let stderr = '';
    let rest = '';
    child.stdout?.on('data', (chunk) => {
      stdout += chunk;
      rest += chunk;
      const lines = rest.split('\n');
      rest = lines.pop()!;
      for (const line of lines) onLine(line, child);
    });
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    const ended = new Promise<Ended>((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        this.#running.delete(child);
        resolve({ code, signal, stdout, stderr });
      });
    });
    return { child, ended };
  }

  /** Ends those that still run. */
  killAll(): void {
    for (const child of this.#running) child.kill('SIGKILL');
  }
}
