// @ts-check
// Installs and builds what is out of date, and runs an example with this process's arguments.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt } from './build.mjs';
import { ensureInstalled } from './install.mjs';
import { requireNode } from './node-version.mjs';
import { folderOf } from './workspace.mjs';

/** @param {string} name Folder of the example under `examples`. */
export async function runExample(name) {
  requireNode();
  if (!ensureInstalled() || !ensureBuilt()) process.exit(1);

  // A program may set V8's flag for wide vectors for itself; where they cannot be had this does nothing.
  const { enableWideVectors } = await import(
    pathToFileURL(join(folderOf('engine'), 'dist', 'index.js')).href
  );
  enableWideVectors();

  // In this process, so that signals reach it whoever sends them. It reads the same arguments.
  process.setSourceMapsEnabled(true);
  await import(pathToFileURL(join(folderOf(name), 'dist', 'main.js')).href);
}
