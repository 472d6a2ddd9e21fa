import type { Run } from '../run/run.js';
import { count, duration, megabytes, percent, rate } from './format.js';
import { isChanged, type Lane, lanes, startOptions } from './state.js';

/** Start, pause, go on, and the figures of a run. */
export function RunBar({ lane }: { readonly lane: Lane }) {
  const { run } = lane;
  const two = lanes.value.length > 1;
  return (
    <section class={`card run-bar ${run.id}`} aria-label={two ? `Run ${run.id.toUpperCase()}` : 'Training'}>
      <div class="run-controls">
        {two && <span class={`badge ${run.id}`}>{run.id.toUpperCase()}</span>}
        <Buttons lane={lane} />
        <Status run={run} />
      </div>
      <Progress run={run} />
      <FigureList run={run} />
      {run.error.value !== undefined && (
        <p class="notice bad" role="alert">
          {run.error.value}
        </p>
      )}
      {run.warning.value !== undefined && <p class="notice">{run.warning.value}</p>}
    </section>
  );
}

function Buttons({ lane }: { readonly lane: Lane }) {
  const { run } = lane;
  const phase = run.phase.value;
  const start = () => void run.start(startOptions(lane));
  const goOn = () => void run.resume(startOptions(lane));
  // The first button keeps its place and its width whatever it says.
  const [label, action] = {
    idle: ['Train', start] as const,
    starting: ['Pause', () => run.pause()] as const,
    training: ['Pause', () => run.pause()] as const,
    pausing: ['Pause', undefined] as const,
    paused: ['Continue', goOn] as const,
    finished: ['Train anew', start] as const,
    failed: ['Try again', start] as const,
  }[phase];
  return (
    <>
      <button
        type="button"
        class="primary"
        data-testid={`main-${run.id}`}
        disabled={action === undefined}
        onClick={action}
      >
        {label}
      </button>
      <button
        type="button"
        data-testid={`restart-${run.id}`}
        disabled={phase === 'idle' || phase === 'finished' || phase === 'failed'}
        onClick={start}
      >
        Start over
      </button>
    </>
  );
}

function Status({ run }: { readonly run: Run }) {
  const { epoch, epochs, step } = run.figures.value;
  const changed = isChanged(run) && run.phase.value !== 'finished';
  const progress = run.progress.value;
  const loading =
    progress === undefined
      ? 'Compiling the net …'
      : `Loading ${megabytes(progress.loaded)}${progress.total === undefined ? '' : ` of ${megabytes(progress.total)}`} …`;
  const text = {
    idle: 'Ready.',
    starting: loading,
    training: `Epoch ${epoch} of ${epochs}`,
    pausing: 'Saving …',
    paused: `Paused at step ${count(step)}; also after a reload it goes on from here.`,
    finished: `Finished after ${count(step)} steps.`,
    failed: 'It failed.',
  }[run.phase.value];
  return (
    <p class="status" data-testid={`status-${run.id}`} role="status">
      {text}
      {changed && <span class="muted"> What you changed counts from the next start.</span>}
    </p>
  );
}

function Progress({ run }: { readonly run: Run }) {
  const { step, steps } = run.figures.value;
  return (
    <progress
      class="progress"
      max={Math.max(1, steps)}
      value={Math.min(step, Math.max(1, steps))}
      aria-label="Steps of the training"
    >
      {step}
    </progress>
  );
}

function FigureList({ run }: { readonly run: Run }) {
  const figures = run.figures.value;
  const { step, valAccuracy, bestAccuracy, accuracy, loss, itPerSecond, seconds, secondsTo99, lr } = figures;
  const engine = run.engine.value;
  const some = (value: number | undefined, format: (value: number) => string) =>
    value === undefined ? '–' : format(value);
  const entries: readonly (readonly [name: string, value: string, note?: string])[] = [
    [
      'Validation',
      some(valAccuracy, percent),
      bestAccuracy === undefined ? undefined : `best ${percent(bestAccuracy)}`,
    ],
    [
      'Training',
      some(accuracy, (value) => percent(value, 1)),
      `loss ${some(loss, (value) => value.toFixed(3))}`,
    ],
    [
      'Speed',
      some(itPerSecond, (value) => `${value.toFixed(1)} it/s`),
      engine === undefined ? undefined : `${engine.threads ?? 1} thread${engine.threads === 1 ? '' : 's'}`,
    ],
    ['To 99%', some(secondsTo99, duration), `after ${duration(seconds)}`],
    ['Step', count(step), `rate ${rate(lr)}`],
  ];
  return (
    <dl class="figures" data-testid={`figures-${run.id}`}>
      {entries.map(([name, value, note]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <span class="value">{value}</span>
            <span class="note">{note ?? ' '}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}
