import { InvalidArgumentError } from '@mnist-kit/core';
import {
  confusionMatrix,
  htmlReport,
  type ReportBlock,
  type TrainingReportOptions,
  trainingReport,
  worstMistakes,
} from '@mnist-kit/plots';
import { DOMParser, type Element } from '@xmldom/xmldom';
import { describe, expect, test } from 'vitest';
import { hostile, reference } from './helpers.js';
import { fullReport } from './report-data.js';

function body(html: string) {
  const start = html.indexOf('<body>');
  const onError = (level: string, message: string) => {
    if (level !== 'warning') throw new Error(message);
  };
  return new DOMParser({ onError }).parseFromString(html.slice(start, html.indexOf('</html>')), 'text/html');
}

function find(html: string, name: string): Element[] {
  return [...body(html).getElementsByTagName(name)];
}

function rowsAfter(html: string, heading: string): string[][] {
  const section = find(html, 'section').find(
    (element) => element.getElementsByTagName('h2')[0]?.textContent === heading,
  )!;
  return [...section.getElementsByTagName('tr')].map((row) =>
    [...row.childNodes].map((cell) => cell.textContent ?? ''),
  );
}

describe('trainingReport', () => {
  const html = fullReport();

  test('has the figures, plots and tables of the run', () => {
    expect(find(html, 'h2').map((heading) => heading.textContent)).toEqual([
      'Training',
      'Results',
      'Notes',
      'This run and PyTorch 1.13',
      'Test set',
      'History',
      'Configuration',
      'Environment',
    ]);
    expect(html).toContain('<dt>Best validation accuracy</dt><dd class="value">97.88%</dd>');
    expect(html).toContain('epoch 15, target 99.4% not reached');
    const history = rowsAfter(html, 'History');
    expect(history).toHaveLength(21);
    expect(history[0]).toEqual([
      'Epoch',
      'Training loss',
      'Training accuracy',
      'Validation loss',
      'Validation accuracy',
      'Validation accuracy clean',
      'Learning rate',
      'Time',
    ]);
    expect(history[1]).toEqual(['1', '1.535', '50.53%', '0.7480', '88.36%', '90.47%', '1e-3', '35.5 s']);
    expect(rowsAfter(html, 'Configuration')).toContainEqual(['optimizer.weightDecay', '0.0001']);
    expect(rowsAfter(html, 'Environment')).toContainEqual(['node', 'v20.20.2']);
  });

  test('puts the run beside the reference, with signed differences', () => {
    const rows = rowsAfter(html, 'This run and PyTorch 1.13');
    expect(rows).toContainEqual(['Test accuracy', '98.58%', '98.60%', '−0.02']);
    expect(rows).toContainEqual(['1', '88.36%', '88.49%', '−0.13', '0.7480', '–', '–']);
    expect(rows).toContainEqual(['20', '97.64%', '97.99%', '−0.35', '0.0799', '0.0700', '+0.0099']);
  });

  test('shows NaN in the history and keeps what is missing apart', () => {
    const rows = rowsAfter(
      trainingReport({
        title: 'Diverged',
        history: [
          { epoch: 1, trainLoss: 2, valLoss: 3 },
          { epoch: 2, trainLoss: Number.NaN },
        ],
      }),
      'History',
    );
    expect(rows[2]).toEqual(['2', 'NaN', '–']);
  });

  test('leaves out what is not given', () => {
    const small = trainingReport({ title: 'Small', history: [{ epoch: 1, trainLoss: 1 }] });
    expect(find(small, 'h2').map((heading) => heading.textContent)).toEqual(['Training', 'History']);
    expect(small).not.toContain('undefined');
  });

  test('refuses a run without epochs and a reference that does not fit', () => {
    expect(() => trainingReport({ title: 'x', history: [] })).toThrow(InvalidArgumentError);
    const wrong: TrainingReportOptions = {
      title: 'x',
      history: reference,
      reference: { name: 'log', history: [{ epoch: 1, valAccuracy: 88.5 }] },
    };
    expect(() => trainingReport(wrong)).toThrow(/`reference\.history\[0\]\.valAccuracy` must be a fraction/);
  });

  test('gives the same bytes for the same run', () => {
    expect(fullReport()).toBe(html);
  });
});

describe('htmlReport', () => {
  test('refers to nothing outside itself and forbids scripts and requests', () => {
    const html = fullReport();
    for (const [, target] of html.matchAll(/\s(?:href|src|xlink:href|action|srcset)="([^"]*)"/g)) {
      expect(target).toMatch(/^(#|data:)/);
    }
    for (const [, target] of html.matchAll(/url\(([^)]*)\)/g)) expect(target).toMatch(/^#/);
    expect(html).not.toMatch(/<script|@import|<iframe|<object|<embed/i);
    expect(html).toContain("default-src 'none'");
  });

  test('gives every link and every label a target, links exactly one', () => {
    const html = fullReport();
    const links = [...html.matchAll(/href="#([^"]*)"/g)].map(([, id]) => id);
    expect(links.length).toBeGreaterThan(5);
    for (const id of links) expect(html.split(` id="${id}"`)).toHaveLength(2);
    for (const [, ids] of html.matchAll(/aria-labelledby="([^"]*)"/g)) {
      for (const id of ids.split(' ')) expect(html).toContain(`id="${id}"`);
    }
  });

  test('shows hostile text everywhere as text', () => {
    for (const text of hostile) {
      const html = htmlReport({
        title: text,
        subtitle: text,
        summary: [{ label: text, value: text, note: text }],
        footer: text,
        sections: ['a', 'b', text].map((title) => ({
          title,
          blocks: [
            { type: 'text', text },
            { type: 'facts', facts: { [text]: text, nested: { [text]: [text] } }, caption: text },
            { type: 'table', columns: [{ title: text }], rows: [[text]], caption: text },
            { type: 'plot', svg: confusionMatrix([[1]], { classNames: [text], title: text }), caption: text },
          ],
        })),
      });
      expect(find(html, 'script')).toHaveLength(0);
      for (const element of find(html, '*')) {
        for (const attribute of element.attributes) expect(attribute.name).not.toMatch(/^on/);
      }
    }
  });

  test('gives sections of the same name different ids', () => {
    const html = htmlReport({
      title: 'x',
      sections: ['Runs', 'Runs', 'Läufe', '!!!'].map((title) => ({ title, blocks: [] })),
    });
    const ids = find(html, 'h2').map((heading) => heading.getAttribute('id'));
    expect(new Set(ids).size).toBe(4);
  });

  test('writes numbers, truth values and gaps of a table, and marks a row', () => {
    const html = htmlReport({
      title: 'x',
      sections: [
        {
          title: 'Table',
          blocks: [
            {
              type: 'table',
              columns: [{ title: 'a' }, { title: 'b', format: (value) => `${value} m` }],
              rows: [
                [1234567, 2],
                [true, null],
                [0.000012345, undefined],
              ],
              marked: 1,
            },
          ],
        },
      ],
    });
    expect(rowsAfter(html, 'Table')).toEqual([
      ['a', 'b'],
      ['1,234,567', '2 m'],
      ['yes', '–'],
      ['1.234e-5', '–'],
    ]);
    expect(html).toContain('<tr class="marked"><th scope="row" class="number">yes');
  });

  const svg = (content: string) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">${content}</svg>`;
  test.each<[string, object]>([
    ['a script in a plot', { type: 'plot', svg: svg('<script>alert(1)</script>') }],
    ['an event handler in a plot', { type: 'plot', svg: svg('<g onclick="alert(1)"/>') }],
    ['HTML in a plot', { type: 'plot', svg: svg('<foreignObject/>') }],
    ['an outside image in a plot', { type: 'plot', svg: svg('<image href="https://example.com/a.png"/>') }],
    [
      'an outside style in a plot',
      { type: 'plot', svg: svg('<g style="fill:url(https://example.com/a)"/>') },
    ],
    ['a plot that is no SVG', { type: 'plot', svg: '<img src="x">' }],
    ['a narrow plot that is no SVG', { type: 'plot', svg: svg(''), narrowSvg: 'x' }],
    ['a row that is too short', { type: 'table', columns: [{ title: 'a' }, { title: 'b' }], rows: [[1]] }],
    ['a table without columns', { type: 'table', columns: [], rows: [] }],
    ['an unknown block', { type: 'video' }],
  ])('refuses %s', (_, block) => {
    const sections = [{ title: 'x', blocks: [block as ReportBlock] }];
    expect(() => htmlReport({ title: 'x', sections })).toThrow(InvalidArgumentError);
    expect(() => htmlReport({ title: 'x', sections })).toThrow(/sections\[0\]\.blocks\[0\]/);
  });

  test('takes the plots of this package', () => {
    const image = { data: new Uint8Array(4), width: 2, height: 2 };
    const plot = worstMistakes([image], { labels: [1], logProbabilities: [0, -1], classes: 2 });
    expect(
      htmlReport({ title: 'x', sections: [{ title: 'y', blocks: [{ type: 'plot', svg: plot }] }] }),
    ).toContain(plot);
  });

  test('refuses an empty title', () => {
    expect(() => htmlReport({ title: ' ', sections: [] })).toThrow(InvalidArgumentError);
  });
});
