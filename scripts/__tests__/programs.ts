import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';

const run = promisify(execFile);

/** Root of the repository. */
export const root = fileURLToPath(new URL('../..', import.meta.url));

/** The TypeScript blocks of a page, in their order. */
export async function typeScriptBlocks(page: string): Promise<string[]> {
  const text = await readFile(join(root, page), 'utf8');
  return [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1]);
}

/** `text` with each of the replacements made; each must fit exactly once. */
export function replaceOnce(text: string, replacements: readonly (readonly [string, string])[]): string {
  return replacements.reduce((changed, [from, to]) => {
    if (changed.split(from).length !== 2) throw new Error(`The program must hold ${from} exactly once`);
    return changed.replace(from, () => to);
  }, text);
}

/** A folder for programs of the documentation, in which they find the packages as an installed user's do. */
export class ProgramFolder {
  readonly path: string;

  constructor(name: string) {
    // Under node_modules, so that git does not see it.
    this.path = join(root, 'node_modules', '.cache', 'mnist-kit', name);
  }

  async create(): Promise<void> {
    await this.remove();
    await mkdir(this.path, { recursive: true });
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true });
  }

  /** Runs a program in this folder and returns what it printed. */
  async run(program: string): Promise<string> {
    const { outputText } = ts.transpileModule(program, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    await writeFile(join(this.path, 'program.mjs'), outputText);
    const { stdout } = await run(process.execPath, [join(this.path, 'program.mjs')], { cwd: this.path });
    return stdout;
  }
}
