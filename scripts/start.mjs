// `npm start`: installs, builds, runs the notebook. What is up to date is skipped.
// Plain Node: before the install there is no dependency to lean on.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt } from './lib/build.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { requireNode } from './lib/node-version.mjs';
import { folderOf } from './lib/workspace.mjs';

requireNode();
if (!ensureInstalled() || !ensureBuilt()) process.exit(1);

// In this process, so that signals reach it whoever sends them. It reads the same arguments.
process.setSourceMapsEnabled(true);
await import(pathToFileURL(join(folderOf('reproduce-notebook'), 'dist', 'main.js')).href);
