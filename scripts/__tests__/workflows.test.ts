import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { convertWorkflowTemplate, NoOperationTraceWriter, parseWorkflow } from '@actions/workflow-parser';
import { expect, test } from 'vitest';
import { root } from '../lib/workspace.mjs';

const folder = join(root, '.github', 'workflows');
const files = readdirSync(folder);

/** What GitHub's own parser has to say about a workflow, its expressions included. */
async function complaints(name: string, content: string): Promise<string[]> {
  const { context, value } = parseWorkflow({ name, content }, new NoOperationTraceWriter());
  if (value) await convertWorkflowTemplate(context, value);
  return context.errors.getErrors().map((error) => error.message);
}

test.each(files)('GitHub can read the workflow %s', async (name) => {
  expect(await complaints(name, readFileSync(join(folder, name), 'utf8'))).toEqual([]);
});

test('a key and an expression that GitHub does not know are noticed', async () => {
  const workflow = (line: string) =>
    `on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    ${line}\n    steps:\n      - run: ls\n`;
  expect(await complaints('good', workflow('timeout-minutes: 3'))).toEqual([]);
  expect(await complaints('key', workflow('timeout-minuts: 3'))).not.toEqual([]);
  expect(await complaints('expression', workflow('if: matrx.node == 3'))).not.toEqual([]);
});

test('the workflow runs scripts that package.json has, on the versions of Node that it promises', () => {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const text = files.map((name) => readFileSync(join(folder, name), 'utf8')).join('\n');
  const listed = /script: \[(.*)\]/.exec(text)?.[1].match(/(?<=["'])[\w:-]+/g) ?? [];
  const named = [...text.matchAll(/npm run ([\w:-]+)/g)].map(([, script]) => script);
  const scripts = [...listed, ...named];
  expect(scripts.length).toBeGreaterThan(4);
  for (const script of scripts) expect(manifest.scripts).toHaveProperty([script]);
  expect(text).toContain('node: [20, 22, 24, 26]');
});
