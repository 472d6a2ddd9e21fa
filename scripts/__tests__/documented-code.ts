import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { allExports, type Export } from './exports.js';
import { type ProgramFolder, root, typeScriptBlocks } from './programs.js';

/** A program that stands in the documentation. */
export interface DocumentedProgram {
  /** Where: `docs/training.md`, or `docs/own-loss.md 2` for the second of a page, or `@mnist-kit/optim AdamW`. */
  readonly name: string;
  readonly code: string;
}

export interface Outcome {
  readonly name: string;
  /** What it printed, a line each. */
  readonly printed: readonly string[];
  readonly error?: string;
  /** Of the processor. */
  readonly seconds: number;
}

/** The blocks of this page are pieces of the README's program; readme.test.ts holds them to it. */
const EXCERPTS = 'docs/getting-started.md';

/** Every page that people read, as a path from the root. */
export function pages(): string[] {
  const readmes = ['packages', 'examples'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => `${folder}/${name}/README.md`),
  );
  const guides = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));
  return [
    'README.md',
    'CONTRIBUTING.md',
    'bench/README.md',
    ...guides.map((name) => `docs/${name}`),
    ...readmes,
  ].filter((page) => existsSync(join(root, page)));
}

/** The programs of the pages. A block goes on with the one before, unless it declares or imports anew what that did. */
export async function guidePrograms(): Promise<DocumentedProgram[]> {
  const programs = await Promise.all(
    pages().map(async (page) => {
      const found: { code: string; names: Set<string> }[] = [];
      for (const block of page === EXCERPTS ? [] : await typeScriptBlocks(page)) {
        const names = namesOf(block);
        const last = found.at(-1);
        if (last === undefined || names.some((name) => last.names.has(name)))
          found.push({ code: block, names: new Set(names) });
        else {
          last.code += `\n${block}`;
          for (const name of names) last.names.add(name);
        }
      }
      return found.map(({ code }, i) => ({ name: found.length === 1 ? page : `${page} ${i + 1}`, code }));
    }),
  );
  return programs.flat();
}

/** What a block imports and declares outside of its functions. */
function namesOf(block: string): string[] {
  const names: string[] = [];
  const bound = (name: ts.BindingName): string[] =>
    ts.isIdentifier(name)
      ? [name.text]
      : name.elements.flatMap((element) => (ts.isOmittedExpression(element) ? [] : bound(element.name)));
  for (const statement of ts.createSourceFile('block.ts', block, ts.ScriptTarget.ES2022).statements) {
    if (ts.isVariableStatement(statement))
      for (const { name } of statement.declarationList.declarations) names.push(...bound(name));
    else if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement))
      names.push(statement.name?.text ?? '');
    else if (ts.isImportDeclaration(statement)) {
      const bindings = statement.importClause?.namedBindings;
      if (bindings !== undefined && ts.isNamespaceImport(bindings)) names.push(bindings.name.text);
      else if (bindings !== undefined) names.push(...bindings.elements.map(({ name }) => name.text));
    }
  }
  return names;
}

/** The examples of the docstrings of what packages export. */
export function examplePrograms(exported: readonly Export[] = allExports()): DocumentedProgram[] {
  const programs = exported.flatMap(({ module, name, examples }) =>
    examples.map((code, i) => ({ name: `${module} ${name}${i === 0 ? '' : ` ${i + 1}`}`, code })),
  );
  // Something that two entries export has one docstring.
  return [...new Map(programs.map((program) => [program.code, program])).values()];
}

/** What the compiler has to say about the programs, as modules of a user's project; empty when it is content. */
export function typeCheckAll(programs: readonly DocumentedProgram[], folder: ProgramFolder): string {
  const nameOf = new Map(programs.map(({ name }, i) => [join(folder.path, `program-${i}.ts`), name]));
  const codeOf = new Map([...nameOf.keys()].map((file, i) => [file, programs[i].code]));
  const base = ts.readConfigFile(join(root, 'tsconfig.base.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(base.config, ts.sys, root);
  const settings = {
    ...options,
    noEmit: true,
    noUnusedLocals: false,
    typeRoots: [join(root, 'node_modules/@types')],
  };
  const host = ts.createCompilerHost(settings);
  const { getSourceFile, fileExists, readFile: read } = host;
  host.fileExists = (file) => codeOf.has(file) || fileExists(file);
  host.readFile = (file) => codeOf.get(file) ?? read(file);
  host.getSourceFile = (file, target, ...rest) => {
    const code = codeOf.get(file);
    if (code === undefined) return getSourceFile(file, target, ...rest);
    // Each is a module, whether it imports something or not.
    const source = ts.createSourceFile(file, `${code}\nexport {};`, target);
    source.impliedNodeFormat = ts.ModuleKind.ESNext;
    return source;
  };
  const program = ts.createProgram([...nameOf.keys()], settings, host);
  return ts
    .getPreEmitDiagnostics(program)
    .map(({ file, start, messageText }) => {
      const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start ?? 0).line + 1;
      return `${nameOf.get(file?.fileName ?? '') ?? file?.fileName}, line ${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    })
    .join('\n');
}

/**
 * Where a program says what it prints, `console.log(x); // 42`, and did not: a line each. A comment need not give
 * brackets, quotes, commas and sizes as Node does, and `…` stands for anything; one that begins otherwise than with a
 * value says what the line is, and promises nothing.
 */
export function brokenPromises({ code }: DocumentedProgram, { printed }: Outcome): string[] {
  const lines = code.split('\n').filter((line) => line.includes('console.log('));
  // In a loop or a function nobody knows how often. (Programs run on fewer images than they speak of.)
  if (
    lines.length !== printed.length ||
    lines.some((line) => !line.startsWith('console.log(') || line.includes('train.length'))
  )
    return [];
  const plain = (text: string) => text.replaceAll(/\(\d+\)|[\s,'"`[\]{}]/g, '');
  return lines.flatMap((line, i) => {
    const comment = /\); \/\/ (.*)$/.exec(line)?.[1];
    if (comment === undefined || !/^[-\d[{]|^(true|false|undefined|null|plan|eager)\b/.test(comment))
      return [];
    const pattern = plain(comment)
      .replaceAll(/[.*+?^$()|\\]/g, '\\$&')
      .replaceAll('…', '.*');
    return new RegExp(`^${pattern}$`, 's').test(plain(printed[i])) ? [] : [`${line} printed ${printed[i]}`];
  });
}

/** Files that examples read; the checkpoint is one that PyTorch wrote. */
async function writeFiles(folder: string): Promise<void> {
  const models = await import('@mnist-kit/models');
  const { saveModel } = await import('@mnist-kit/models/node');
  const model = models.optimizedNet();
  await mkdir(join(folder, 'runs', 'draft'), { recursive: true });
  await saveModel(model, join(folder, 'runs', 'first', 'model'));
  const dict = models.stateDict(model);
  await writeFile(join(folder, 'model.safetensors'), models.writeSafetensors(dict));
  await writeFile(join(folder, 'best_model.pth'), models.writeTorchFile(dict));
  const picture = join(root, 'packages/cli/src/__tests__/fixtures/dark.png');
  await cp(picture, join(folder, 'digit.png'));
  const fixtures = join(root, 'packages/models/src/__tests__/fixtures');
  await cp(join(fixtures, 'torch-training.pth'), join(folder, 'checkpoint.pth'));
}

/** Runs programs in one process, each in a folder of its own and on some hundred images instead of all. */
export async function runAll(
  programs: readonly DocumentedProgram[],
  folder: ProgramFolder,
): Promise<Outcome[]> {
  await folder.create();
  const datasets = join(folder.path, 'node_modules', '@mnist-kit', 'datasets');
  await mkdir(datasets, { recursive: true });
  await cp(join(root, 'scripts/documented-code/small-datasets.mjs'), join(datasets, 'small.mjs'));
  await symlink(join(root, 'packages/datasets/dist'), join(datasets, 'dist'), 'junction');
  const exports = { '.': './small.mjs', './whole': './dist/index.js' };
  await writeFile(
    join(datasets, 'package.json'),
    JSON.stringify({ name: '@mnist-kit/datasets', type: 'module', exports }),
  );
  await writeFiles(join(folder.path, 'files'));

  const listed = await Promise.all(
    programs.map(async ({ name, code }, i) => {
      const { outputText } = ts.transpileModule(code, {
        compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
      });
      const file = `program-${i}.mjs`;
      await writeFile(join(folder.path, file), outputText);
      return { name, file };
    }),
  );
  await writeFile(join(folder.path, 'programs.json'), JSON.stringify(listed));
  const script = join(root, 'scripts/documented-code/run.mjs');
  await promisify(execFile)(process.execPath, [script, folder.path], { cwd: dirname(script) });
  return JSON.parse(await readFile(join(folder.path, 'outcomes.json'), 'utf8'));
}
