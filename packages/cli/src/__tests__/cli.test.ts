import { spawn } from 'node:child_process';
import { cp, mkdir, open, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { inFolder, runCli } from './run-cli.js';

const picture = (name: string) => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
const program = fileURLToPath(new URL('../../bin/mnist-kit.js', import.meta.url));

/** A net of a few hundred weights, that learns for a second. */
const config = `
data: { kind: mnist, validation: 500, trainSamples: 640 }
augmentation: []
model: { kind: compactNet, blocks: [{ conv: 4 }, maxPool, { conv: 8 }, maxPool] }
optimizer: { kind: Muon, lr: 0.1 }
scheduler: { kind: OneCycleLR, cycleMomentum: false }
batchSize: 32
epochs: 2
test: false
jsonl: true
out: ../my runs/tiny
`;

/** A run that all tests look at. */
let folder: string;
let done: () => void;
let trained: Awaited<ReturnType<typeof runCli>>;
const run = () => join(folder, 'my runs', 'tiny');

beforeAll(async () => {
  await new Promise<void>((ready) => {
    void inFolder(async (path) => {
      folder = path;
      const end = new Promise<void>((resolve) => {
        done = resolve;
      });
      ready();
      await end;
    });
  });
  await mkdir(join(folder, 'configs'));
  await writeFile(join(folder, 'configs', 'tiny.yaml'), config);
  trained = await runCli(['train', '--config', 'configs/tiny.yaml', '--threads', '2', '--json'], {
    cwd: folder,
  });
}, 120_000);
afterAll(() => done());

test('train keeps weights, history, report and its own config, in the folder that the config names', async () => {
  expect(trained.stderr).toMatch(/epoch 2\/2/);
  expect(trained.code).toBe(0);
  expect(trained.json).toMatchObject({
    title: 'compactNet on MNIST',
    trainSamples: 640,
    valSamples: 500,
    engine: 'plan, WebAssembly SIMD, 2 threads',
    stopReason: 'epochs',
    interrupted: false,
    out: run(),
  });
  expect(await readdir(run())).toEqual(
    expect.arrayContaining([
      'best.safetensors',
      'config.json',
      'history.csv',
      'log.jsonl',
      'report.html',
      'results.json',
    ]),
  );
  const kept = JSON.parse(await readFile(join(run(), 'config.json'), 'utf8'));
  expect(kept).toMatchObject({ out: '.', trainer: { threads: 2 }, normalize: { mean: 0.1307 } });
  expect(kept.model.classes).toEqual([...'0123456789']);
});

test('predict says what pictures show, from the run alone', async () => {
  const files = ['dark.png', 'colour.jpg'].map(picture);
  const { code, json, stdout, stderr } = await runCli(['predict', ...files, '--run', run(), '--json'], {
    cwd: folder,
    env: { NO_COLOR: '1' },
  });
  expect(code).toBe(0);
  expect(stdout.trimEnd().split('\n')).toHaveLength(1);
  const { predictions } = json as {
    predictions: { file: string; probabilities: { probability: number }[] }[];
  };
  expect(predictions.map(({ file }) => file)).toEqual(files);
  for (const { probabilities } of predictions)
    expect(probabilities.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 6);
  // Drawn without colours where there is no terminal.
  expect(stderr).toMatch(/[#@]{3}/);
  expect(stderr).not.toContain('\u001b');
});

describe('export', () => {
  test.each(['model.onnx', 'model.safetensors', 'model.pth', 'a folder'])('%s', async (name) => {
    const { code, stderr } = await runCli(['export', name, '-r', run()], { cwd: folder });
    expect(stderr).toBe('');
    expect(code).toBe(0);
    const again = await runCli(['export', name, '-r', run()], { cwd: folder });
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(/^error: .*(force|overwrite)/);
  });
});

test('report writes the page of a run again, elsewhere too', async () => {
  const { code, json } = await runCli(['report', run(), '--out', 'reports', '--no-measure', '--json'], {
    cwd: folder,
  });
  expect(code).toBe(0);
  expect(json).toMatchObject({ run: run(), report: join(folder, 'reports', 'report.html') });
  expect(await readFile(join(folder, 'reports', 'report.html'), 'utf8')).toContain('compactNet on MNIST');
});

test('Ctrl-C keeps the weights and says 130; --resume goes on to the same weights as a run that nobody stopped', async () => {
  const out = join(folder, 'stopped');
  const args = [
    'train',
    '--config',
    'configs/tiny.yaml',
    '--out',
    out,
    '--set',
    'report=false',
    '--threads',
    '1',
  ];
  const child = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  child.stdout.on('data', (text) => {
    if (/epoch 1\/2/.test(String(text))) child.kill('SIGINT');
  });
  expect(await new Promise((resolve) => child.on('close', resolve))).toBe(130);
  expect(await readdir(out)).toContain('best.safetensors');
  expect(JSON.parse(await readFile(join(out, 'results.json'), 'utf8'))).toMatchObject({
    stopReason: 'interrupted',
  });

  const resumed = await runCli(['train', '--resume', 'stopped', '--json'], { cwd: folder });
  expect(resumed.code).toBe(0);
  expect(resumed.json).toMatchObject({ stopReason: 'epochs', interrupted: false });
  const weights = (path: string) => readFile(join(path, 'last.safetensors'));
  expect((await weights(out)).equals(await weights(run()))).toBe(true);
}, 120_000);

test('runs whose files are damaged are refused by the file, and what is wrong with it', async () => {
  const damaged = async (name: string, change: (path: string) => Promise<void>) => {
    const path = join(folder, 'damaged', name);
    await cp(run(), path, { recursive: true });
    await change(path);
    return path;
  };
  const best = 'best.safetensors';
  const nan = await damaged('nan', async (path) => {
    const bytes = await readFile(join(path, best));
    // The last weight.
    bytes.writeFloatLE(Number.NaN, bytes.length - 4);
    await writeFile(join(path, best), bytes);
  });
  const cut = await damaged('cut', async (path) => {
    await writeFile(join(path, best), (await readFile(join(path, best))).subarray(0, 500));
  });
  const other = await damaged('other', (path) =>
    writeFile(join(path, 'config.json'), JSON.stringify({ model: { kind: 'optimizedNet' } })),
  );
  const blank = await damaged('blank', (path) => writeFile(join(path, 'config.json'), ' \n'));
  const results = await damaged('results', (path) => writeFile(join(path, 'results.json'), '{}'));
  const cases: [string[], string][] = [
    [['export', 'nan.onnx', '-r', nan], `${join(nan, best)} holds NaN or infinity in `],
    [['predict', picture('dark.png'), '-r', cut], `${join(cut, best)} is no whole file of weights`],
    [
      ['test', '-r', other],
      `${join(other, best)} holds the weights of another net than the config's (optimizedNet)`,
    ],
    [['test', '-r', blank], 'must be a file of JSON or YAML, and is empty'],
    [['test', '-m', nan], '`--model` must be the folder of a saved TensorFlow.js model'],
    [['report', results, '--no-measure'], `${join(results, 'results.json')} is no file of results`],
  ];
  const ended = await Promise.all(cases.map(([args]) => runCli(args, { cwd: folder })));
  for (const [i, { code, stderr }] of ended.entries()) {
    expect(stderr).toContain(cases[i][1]);
    expect(stderr).not.toMatch(/^ {4}at |strict: false/m);
    expect(code).toBe(2);
  }
  await rm(join(folder, 'damaged'), { recursive: true });
}, 120_000);

test.skipIf(process.platform !== 'linux')(
  'what a full disk does not take is said, and ends in code 1',
  async () => {
    const full = await open('/dev/full', 'w');
    const child = spawn(process.execPath, [program, 'train', '--help'], {
      stdio: ['ignore', full.fd, 'pipe'],
    });
    const help = new Promise((resolve) => child.on('close', resolve));
    const printed = spawn(process.execPath, [program, 'completion', 'bash'], {
      stdio: ['ignore', full.fd, 'pipe'],
    });
    let stderr = '';
    printed.stderr!.on('data', (text) => {
      stderr += text;
    });
    expect(await new Promise((resolve) => printed.on('close', resolve))).toBe(1);
    expect(stderr).toContain('stdout takes no more (ENOSPC');
    expect(await help).toBe(0);
    await full.close();
  },
);

test('wrong input ends in code 2, one line, no stack, and nothing written', async () => {
  const before = await readdir(folder);
  const wrong = [
    [
      ['train', '--config', 'configs/tiny.yaml', '--set', 'scheduler.maxLr=-1', '--out', 'no'],
      '`scheduler.maxLr`',
    ],
    [
      [
        'train',
        '--config',
        'configs/tiny.yaml',
        '--set',
        'model.blocks=[{conv: 4, residual: true}]',
        '--out',
        'no',
      ],
      '`model.blocks[0].residual`',
    ],
    [['train', '--train-samples', '50001', '--out', 'no'], '`data.trainSamples` must be at most 50000'],
    [['predict', 'gone.png', '-r', run()], 'gone.png'],
    [['predict', picture('blank.png'), '-r', run()], 'shows nothing'],
    [['tran'], 'Did you mean train?'],
  ] as const;
  const ended = await Promise.all(wrong.map(([args]) => runCli([...args, '--json'], { cwd: folder })));
  for (const [i, { code, stderr, json }] of ended.entries()) {
    expect(stderr).toContain(wrong[i][1]);
    expect(stderr).not.toMatch(/^ {4}at /m);
    expect(code).toBe(2);
    expect(json).toMatchObject({
      error: { message: expect.stringContaining(wrong[i][1].replace('Did you mean train?', 'tran')) },
    });
  }
  expect(await readdir(folder)).toEqual(before);
}, 120_000);
