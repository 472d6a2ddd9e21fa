import { InvalidArgumentError } from '@mnist-kit/core';
import {
  confusionMatrix,
  digitGrid,
  htmlReport,
  learningRateCurve,
  learningRateFinderCurve,
  lossComparison,
  parallelCoordinates,
  scatterPlot,
  toPng,
  trainingCurves,
  trainingReport,
  worstMistakes,
} from '@mnist-kit/plots';
import { savePlot } from '@mnist-kit/plots/node';
import { expect, test } from 'vitest';

type Options = Record<string, unknown>;

const history = [{ epoch: 1, trainLoss: 1, lr: 0.1 }];
const image = { data: new Uint8Array(4), width: 2, height: 2 };
const curves = [
  { name: 'a', values: [1, 2] },
  { name: 'b', values: [1, 2] },
];
const sweep = { lrs: [0.1, 0.2], losses: [2, 1] };
const svg = trainingCurves(history);
const block = (o: Options) => htmlReport({ title: 't', sections: [{ title: 's', blocks: [o as never] }] });
const at = 'sections[0].blocks[0]';

test.each<[string, Options, string, (options: Options) => unknown]>([
  ['trainingCurves', { tittle: 'x' }, 'title', (o) => trainingCurves(history, o)],
  [
    'extra[0]',
    { metric: 'trainEce', nmae: 'x' },
    'name',
    (o) => trainingCurves(history, { extra: [o as never] }),
  ],
  ['lossComparison', { tolerence: 1 }, 'tolerance', (o) => lossComparison(curves, o)],
  [
    'scatterPlot',
    { xscale: 'log' },
    'xScale',
    (o) => scatterPlot([{ name: 'a', points: [{ x: 1, y: 1 }] }], o),
  ],
  ['parallelCoordinates', { highlights: 1 }, 'highlight', (o) => parallelCoordinates([{ a: 1, b: 1 }], o)],
  ['confusionMatrix', { class_names: ['a'] }, 'classNames', (o) => confusionMatrix([[1]], o)],
  ['digitGrid', { column: 2 }, 'columns', (o) => digitGrid([{ image }], o)],
  ['images[0]', { image, captions: ['7'] }, 'caption', (o) => digitGrid([o as never])],
  [
    'worstMistakes',
    { counts: 2 },
    'count',
    (o) => worstMistakes([], { labels: [], logProbabilities: [] }, o),
  ],
  ['learningRateCurve', { scales: 'log' }, 'scale', (o) => learningRateCurve(history, o)],
  ['learningRateFinderCurve', { widht: 300 }, 'width', (o) => learningRateFinderCurve(sweep, o)],
  ['savePlot', { scael: 3 }, 'scale', (o) => savePlot('never-written.png', svg, o)],
  ['toPng', { font: [] }, 'fonts', (o) => toPng(svg, o)],
  ['htmlReport', { title: 't', section: [] }, 'sections', (o) => htmlReport(o as never)],
  [
    'sections[0]',
    { title: 's', block: [] },
    'blocks',
    (o) => htmlReport({ title: 't', sections: [o as never] }),
  ],
  [
    'summary[0]',
    { label: 'l', value: 'v', notes: 'n' },
    'note',
    (o) => htmlReport({ title: 't', sections: [], summary: [o as never] }),
  ],
  [at, { type: 'text', txt: 'x' }, 'text', block],
  [at, { type: 'plot', svg, captoin: 'x' }, 'caption', block],
  [at, { type: 'table', columns: [{ title: 'a' }], rows: [], markd: 1 }, 'marked', block],
  [at, { type: 'facts', fact: {} }, 'facts', block],
  [
    `${at}.columns[0]`,
    { title: 'a', aling: 'right' },
    'align',
    (o) => block({ type: 'table', columns: [o], rows: [] }),
  ],
  ['trainingReport', { title: 't', history, result: {} }, 'results', (o) => trainingReport(o as never)],
  [
    'reference',
    { name: 'r', history, result: {} },
    'results',
    (o) => trainingReport({ title: 't', history, reference: o as never }),
  ],
])('%s refuses %o and names %s', async (owner, options, meant, call) => {
  const attempt = async () => call(options);
  await expect(attempt()).rejects.toThrow(InvalidArgumentError);
  await expect(attempt()).rejects.toThrow(`is not an option of ${owner} (did you mean \`${meant}\`?)`);
});

test('a size that follows from the content is no option', () => {
  expect(() => confusionMatrix([[1]], { height: 300 } as never)).toThrow(
    '`height` is not an option of confusionMatrix',
  );
  expect(() => digitGrid([{ image }], { width: 300 } as never)).toThrow(
    '`width` is not an option of digitGrid',
  );
});
