import { CheckpointError } from '@mnist-kit/core';
import { platform } from '#trainer/platform';

const { paths, storage } = platform;
const { basename, dirname, extname, join } = paths;

/** The files that a checkpoint is made of. */
export const checkpointFiles = {
  manifest: 'manifest.json',
  state: 'state.json',
  tensors: 'tensors.safetensors',
} as const;

/** What the manifest of a checkpoint says it is. */
export const FORMAT = 'mnist-kit checkpoint';

/** Something at the path of a checkpoint that is none: it was not written by a fit, and nothing may happen to it. */
export class NotACheckpointError extends CheckpointError {}

const ours: readonly string[] = Object.values(checkpointFiles);
/** Most checkpoints and names that a message lists. */
const MOST = 8;

/**
 * Whether `path` is a checkpoint that a fit wrote, damaged or not.
 *
 * @returns `alone` when there is nothing but a checkpoint in it, `among others` when somebody put more there, and
 * `no` for everything else.
 */
export async function recognise(path: string): Promise<'alone' | 'among others' | 'no'> {
  const names = await namesIn(path).catch((): string[] => []);
  const own = names.filter((name) => ours.includes(name));
  const wasWritten =
    own.length === ours.length ||
    (own.length === names.length && own.length > 1) ||
    (await readManifest(path)) !== undefined;
  if (!wasWritten) return 'no';
  return own.length === names.length ? 'alone' : 'among others';
}

/** Says what is at a path that is no checkpoint, and what to write instead of it. */
export async function describePath(path: string): Promise<NotACheckpointError> {
  const kind = await storage.stat(path).then(
    (found) => (found.kind === 'folder' ? 'folder' : 'file'),
    (error: { code?: string; message: string }) => error.code ?? error.message,
  );
  if (kind === 'file') return none(path, await describeFile(path));
  if (kind !== 'folder') {
    const problem = kind === 'ENOENT' || kind === 'ENOTDIR' ? 'does not exist' : `cannot be read (${kind})`;
    const beside = await findCheckpoints(dirname(path));
    return none(path, `${problem}. ${beside.length > 0 ? choose(beside) : what}`);
  }
  const found = await findCheckpoints(path);
  if (found.length > 0) return none(path, `is a folder with checkpoints in it. ${choose(found)}`);
  return none(path, await describeFolder(path));
}

const what = 'Give the path of a folder checkpoint-… that ModelCheckpoint wrote.';

function none(path: string, sentence: string): NotACheckpointError {
  return new NotACheckpointError(`There is no checkpoint at ${path}: it ${sentence}`);
}

const weights: Readonly<Record<string, string>> = {
  '.safetensors': 'loadStateDict(model, readSafetensors(bytes))',
  '.pth': 'loadStateDict(model, readTorchFile(bytes))',
  '.pt': 'loadStateDict(model, readTorchFile(bytes))',
};

async function describeFile(path: string): Promise<string> {
  const parent = dirname(path);
  if (ours.includes(basename(path)) && (await recognise(parent)) !== 'no')
    return `is a file of one. Give its folder: resume: ${JSON.stringify(parent)}.`;
  const load = weights[extname(path).toLowerCase()];
  if (load === undefined) return `is a file. ${what}`;
  const beside = await findCheckpoints(parent);
  return (
    `is a file of weights, without the optimizer and the rest of a fit. To start from these weights, leave out ` +
    `\`resume\` and load them before the fit: ${load}.${beside.length > 0 ? ` To go on: ${choose(beside)}` : ''}`
  );
}

async function describeFolder(path: string): Promise<string> {
  const names = (await namesIn(path)).sort();
  if (names.length === 0) return `is an empty folder. ${what}`;
  if (names.includes('model.json'))
    return (
      'is a saved model, without the optimizer and the rest of a fit. To start from it, leave out `resume` and ' +
      `give the Trainer the model: await loadModel(${JSON.stringify(path)}).`
    );
  const more = names.length > MOST ? `, and ${names.length - MOST} more` : '';
  return `is a folder with ${names.slice(0, MOST).join(', ')}${more} in it, and no checkpoint. ${what}`;
}

interface Found {
  readonly path: string;
  readonly epoch?: number;
  readonly step?: number;
  readonly time: number;
}

/** The checkpoints in a run's folder, in its `checkpoints`, or in the runs of a folder; the newest first. */
async function findCheckpoints(path: string): Promise<Found[]> {
  const folders = async (at: string) =>
    (await storage.list(at).catch(() => []))
      // Half-written ones have a name that begins with a dot.
      .filter(({ kind, name }) => kind === 'folder' && !name.startsWith('.'))
      .map(({ name }) => join(at, name));
  const candidates = new Set(await folders(path));
  for (const folder of [...candidates])
    for (const inner of await folders(folder)) {
      candidates.add(inner);
      if (basename(inner) === 'checkpoints') for (const each of await folders(inner)) candidates.add(each);
    }
  const found: Found[] = [];
  for (const candidate of candidates) {
    if ((await recognise(candidate)) === 'no') continue;
    const manifest = join(candidate, checkpointFiles.manifest);
    const time = await storage.stat(manifest).then(
      ({ modified }) => modified,
      () => 0,
    );
    found.push({ path: candidate, ...(await readManifest(candidate)), time });
  }
  return found.sort((a, b) => b.time - a.time || (a.path < b.path ? 1 : -1));
}

function choose(found: readonly Found[]): string {
  const lines = found
    .slice(0, MOST)
    .map(
      ({ path, epoch, step }) =>
        `\n  ${path}  ${epoch === undefined ? 'damaged' : `epoch ${epoch}, step ${step}`}`,
    );
  const more = found.length > MOST ? `\n  and ${found.length - MOST} older ones` : '';
  const best = found.find(({ epoch }) => epoch !== undefined);
  if (best === undefined) return `There are these, the newest first:${lines.join('')}${more}`;
  const auto =
    basename(dirname(best.path)) === 'checkpoints'
      ? `, or 'auto' with new ModelCheckpoint({ dir: ${JSON.stringify(dirname(dirname(best.path)))} }) among the callbacks`
      : '';
  return `Write resume: ${JSON.stringify(best.path)}${auto}. There are, the newest first:${lines.join('')}${more}`;
}

async function readManifest(path: string): Promise<{ epoch: number; step: number } | undefined> {
  try {
    const content = await storage.read(join(path, checkpointFiles.manifest));
    const { format, epoch, step } = JSON.parse(new TextDecoder().decode(content));
    return format === FORMAT ? { epoch, step } : undefined;
  } catch {
    return undefined;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  return (await storage.list(folder)).map(({ name }) => name);
}
