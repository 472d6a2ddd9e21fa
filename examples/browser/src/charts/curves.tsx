import { computed } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { percent } from '../app/format.js';
import type { Run } from '../run/run.js';
import { type Axis, type Line, LineChart } from './line-chart.js';

const LOSS: Axis = {
  log: true,
  splits: [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 1.5, 2, 3, 5],
  range: (low, high) =>
    Number.isFinite(low) ? [Math.max(1e-3, low * 0.8), Math.max(high * 1.2, low * 3)] : [0.05, 3],
  format: String,
};

/** Share of wrong answers below which nothing can be told apart. */
const LEAST_ERROR = 5e-4;
/** Wrong answers on a logarithmic axis from below: from 99% to 99.5% is as far as from 90% to 95%. */
const ACCURACY: Axis = {
  log: true,
  reversed: true,
  splits: [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1],
  range: (low, high) =>
    Number.isFinite(low)
      ? [Math.max(LEAST_ERROR, Math.min(0.008, low * 0.8)), Math.min(1, Math.max(high * 1.1, 0.1))]
      : [0.005, 1],
  format: (wrong) => `${Number(((1 - wrong) * 100).toFixed(2))}%`,
};

const RATE: Axis = {
  log: true,
  range: (low, high) => (Number.isFinite(low) ? [low * 0.8, high * 1.25] : [1e-4, 1e-2]),
  format: (value) => value.toExponential(0),
};

interface Props {
  readonly runs: readonly Run[];
}

/** Loss, accuracy and learning rate of one run or two. */
export function CurvesPanel({ runs }: Props) {
  const key = runs.map(({ id }) => id).join();
  const version = useMemo(() => computed(() => runs.map(({ curves }) => curves.version.value).join()), [key]);
  const two = runs.length > 1;
  const name = (run: Run, what: string) => (two ? `${run.id.toUpperCase()} ${what}` : what);
  const lossLines = (): Line[] =>
    runs.flatMap((run) => {
      const { loss, smoothLoss, valLoss } = run.curves.series;
      return [
        ...(two ? [] : [{ label: 'each step', color: `${run.id}-faint`, width: 1, ...points(loss) }]),
        { label: name(run, 'training'), color: `${run.id}-train`, ...points(smoothLoss) },
        { label: name(run, 'validation'), color: `${run.id}-val`, dots: true, ...points(valLoss) },
      ];
    });
  const accuracyLines = (): Line[] =>
    runs.flatMap((run) => {
      const { accuracy, valAccuracy } = run.curves.series;
      const wrong = ({ steps, values }: { steps: number[]; values: number[] }) => ({
        steps,
        values: values.map((value) => Math.max(LEAST_ERROR, 1 - value)),
      });
      return [
        { label: name(run, 'training'), color: `${run.id}-train`, ...wrong(accuracy) },
        { label: name(run, 'validation'), color: `${run.id}-val`, dots: true, ...wrong(valAccuracy) },
      ];
    });
  const rateLines = (): Line[] =>
    runs.map((run) => ({
      label: name(run, 'rate'),
      color: `${run.id}-train`,
      ...points(run.curves.series.lr),
    }));
  return (
    <section class="card curves" aria-labelledby="curves-title">
      <div class="card-head">
        <h2 id="curves-title">Curves</h2>
        <Legend runs={runs} />
      </div>
      <div class="charts">
        <Figure title="Accuracy" note="validation is of 10,000 held-out images">
          <LineChart label={say(runs, 'accuracy')} version={version} lines={accuracyLines} axis={ACCURACY} />
        </Figure>
        <Figure title="Loss" note="logarithmic">
          <LineChart label={say(runs, 'loss')} version={version} lines={lossLines} axis={LOSS} />
        </Figure>
      </div>
      <details class="more">
        <summary>Learning rate over the steps</summary>
        <LineChart label="Learning rate over the steps" version={version} lines={rateLines} axis={RATE} />
      </details>
    </section>
  );
}

function Figure({
  title,
  note,
  children,
}: {
  title: string;
  note: string;
  children: preact.ComponentChildren;
}) {
  return (
    <figure class="plot">
      <figcaption>
        <strong>{title}</strong> <span class="muted">{note}</span>
      </figcaption>
      {children}
    </figure>
  );
}

function Legend({ runs }: Props) {
  return (
    <ul class="legend" aria-label="Lines">
      {runs.flatMap((run) =>
        (['train', 'val'] as const).map((kind) => (
          <li key={run.id + kind}>
            <span class={`swatch ${run.id}-${kind}`} aria-hidden="true" />
            {runs.length > 1 ? `${run.id.toUpperCase()} ` : ''}
            {kind === 'train' ? 'training' : 'validation'}
          </li>
        )),
      )}
    </ul>
  );
}

function points({ steps, values }: { steps: readonly number[]; values: readonly number[] }) {
  return { steps, values };
}

/** The last values, for those who cannot see the chart. */
function say(runs: readonly Run[], what: 'accuracy' | 'loss'): string {
  const each = runs.map((run) => {
    const { step, loss, accuracy, valLoss, valAccuracy } = run.figures.value;
    const [train, val] = what === 'loss' ? [loss, valLoss] : [accuracy, valAccuracy];
    const show = (value: number | undefined) =>
      value === undefined ? 'not measured' : what === 'loss' ? value.toFixed(3) : percent(value);
    return `run ${run.id.toUpperCase()} at step ${step}: training ${show(train)}, validation ${show(val)}`;
  });
  return `Chart of ${what} over optimizer steps; ${each.join('; ')}`;
}
