import { CheckpointError, EngineError } from '@mnist-kit/core';
import { readSafetensors, writeSafetensors } from '@mnist-kit/models';
import { version_core } from '@tensorflow/tfjs-core';
import { platform } from '#trainer/platform';
import type { RunSnapshot } from '../contracts/run-snapshot.js';
import { checkSnapshot } from '../state/check-snapshot.js';
import { decodeState, encodeState, type Json } from '../state/encode.js';
import { checkpointFiles, describePath, FORMAT, recognise } from './not-a-checkpoint.js';

declare const __PACKAGE_VERSION__: string;

const { paths, runtime, sha256, storage } = platform;

/** Raised when an older version could not read what a newer one writes. */
const VERSION = 1;

const encoder = new TextEncoder();
const { manifest: MANIFEST, state: STATE, tensors: TENSORS } = checkpointFiles;

interface FileEntry {
  readonly bytes: number;
  readonly sha256: string;
}

interface Manifest {
  readonly format: typeof FORMAT;
  readonly version: number;
  readonly epoch: number;
  readonly step: number;
  /** What wrote it. */
  readonly versions: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, FileEntry>>;
}

const versions = {
  '@mnist-kit/trainer': __PACKAGE_VERSION__,
  '@tensorflow/tfjs-core': version_core,
  ...runtime,
};

/**
 * Writes a checkpoint as a folder: tensors as safetensors, the rest as JSON, a manifest with checksums.
 *
 * The folder appears whole or not at all.
 *
 * @throws EngineError when it cannot be written.
 */
export async function writeCheckpoint(folder: string, snapshot: RunSnapshot): Promise<void> {
  const { json, tensors } = encodeState(snapshot);
  const contents: Record<string, Uint8Array> = {
    [STATE]: encoder.encode(`${JSON.stringify(json)}\n`),
    [TENSORS]: writeSafetensors(tensors),
  };
  const { epoch, step } = snapshot.position;
  const files: Record<string, FileEntry> = {};
  for (const [name, content] of Object.entries(contents))
    files[name] = { bytes: content.length, sha256: await sha256(content) };
  const manifest: Manifest = { format: FORMAT, version: VERSION, epoch, step, versions, files };
  const checksum = await sha256(encoder.encode(JSON.stringify(manifest)));
  contents[MANIFEST] = encoder.encode(`${JSON.stringify({ ...manifest, sha256: checksum }, null, 2)}\n`);
  try {
    await storage.writeFolder(folder, contents);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError(
      `Cannot write the checkpoint ${folder}: ${(error as Error).message}. ` +
        'Earlier checkpoints are untouched; free some space or choose another folder, then resume.',
      { cause: error },
    );
  }
}

/** Whether a folder is a checkpoint that this version could read, by its manifest, and nothing else lies in it. */
export async function isCheckpoint(folder: string): Promise<boolean> {
  try {
    const { kind, link } = await storage.stat(folder);
    if (kind !== 'folder' || link) return false;
    await checkManifest(folder, await storage.read(paths.join(folder, MANIFEST)));
    return (await recognise(folder)) === 'alone';
  } catch {
    return false;
  }
}

/**
 * Reads a checkpoint folder, checking every byte against the manifest.
 *
 * @throws CheckpointError that says what is wrong and what to do; NotACheckpointError for anything that no fit wrote.
 */
export async function readCheckpoint(folder: string): Promise<RunSnapshot> {
  const recognised = await recognise(folder);
  if (recognised === 'no') throw await describePath(folder);
  try {
    return await readWhole(folder);
  } catch (error) {
    if (!(error instanceof Damage)) throw error;
    // Whatever else lies in it is not ours to give away.
    const remove = recognised === 'alone' ? 'Delete this folder and resume' : 'Resume';
    throw new CheckpointError(
      `The checkpoint ${folder} is damaged: ${error.message}. ${remove} from an earlier one.`,
    );
  }
}

/** What is wrong with a checkpoint. */
class Damage extends Error {}

async function readWhole(folder: string): Promise<RunSnapshot> {
  const manifest = await checkManifest(folder, await read(folder, MANIFEST));
  // One after the other: of several that are damaged it is always the same that is named.
  const state = await readListed(folder, manifest, STATE);
  const tensors = await readListed(folder, manifest, TENSORS);
  const snapshot = decodeState({ json: parseState(state), tensors: readSafetensors(tensors) }) as RunSnapshot;
  checkSnapshot(snapshot);
  return snapshot;
}

function parseState(content: Uint8Array): Json {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content)) as Json;
  } catch {
    throw new Damage(`${STATE} is not JSON`);
  }
}

async function checkManifest(folder: string, content: Uint8Array): Promise<Manifest> {
  let parsed: Manifest & { sha256?: string };
  try {
    parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(content));
  } catch {
    throw new Damage(`${MANIFEST} is not JSON`);
  }
  if (parsed?.format !== FORMAT) throw new Damage(`${MANIFEST} is not that of a checkpoint`);
  if (Number.isInteger(parsed.version) && parsed.version > VERSION)
    throw new NewerFormatError(folder, parsed.version);
  const { sha256: checksum, ...manifest } = parsed;
  if (checksum !== (await sha256(encoder.encode(JSON.stringify(manifest)))))
    throw new Damage(`${MANIFEST} does not match its checksum`);
  return manifest;
}

/** Written by a later version: valid, only not for us. */
export class NewerFormatError extends CheckpointError {
  constructor(folder: string, version: number) {
    super(
      `The checkpoint ${folder} has format version ${version}; this version of @mnist-kit/trainer reads ` +
        `up to ${VERSION}. Update it to resume, or give this fit a folder of its own.`,
    );
  }
}

/** A file of the folder, as the manifest has it. */
async function readListed(folder: string, manifest: Manifest, name: string): Promise<Uint8Array> {
  const content = await read(folder, name);
  const entry = manifest.files?.[name];
  if (typeof entry !== 'object' || entry === null) throw new Damage(`${MANIFEST} lacks ${name}`);
  if (content.length !== entry.bytes)
    throw new Damage(`${name} has ${content.length} bytes instead of ${entry.bytes}`);
  if ((await sha256(content)) !== entry.sha256) throw new Damage(`${name} does not match its checksum`);
  return content;
}

async function read(folder: string, name: string): Promise<Uint8Array> {
  try {
    return await storage.read(paths.join(folder, name));
  } catch (error) {
    throw new Damage(`${name} cannot be read (${(error as { code?: unknown }).code})`);
  }
}
