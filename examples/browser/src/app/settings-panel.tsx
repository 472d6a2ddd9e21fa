import { Augmented } from '../insights/augmented.js';
import { drawnDigits } from '../pad/drawn-digits.js';
import { toAddress } from '../settings/address.js';
import { PRESETS } from '../settings/presets.js';
import { LEAST_DRAWN, LIMITS, type ScheduleSettings, type Settings } from '../settings/settings.js';
import { Group, LogSliderField, NumberField, SelectField, SliderField } from './fields.js';
import { count, rate } from './format.js';
import { NetField } from './net-field.js';
import { change, lanes, selected, selectedId } from './state.js';

/** All that a training depends on. */
export function SettingsPanel() {
  const { run } = selected.value;
  const settings = run.settings.value;
  return (
    <section class="card settings" aria-labelledby="settings-title">
      <div class="card-head">
        <h2 id="settings-title">Settings</h2>
        {lanes.value.length > 1 && <LaneChoice />}
      </div>
      <Presets settings={settings} />
      <DataFields settings={settings} />
      <NetField settings={settings} />
      <TrainingFields settings={settings} />
      <AugmentationFields settings={settings} />
      <RegularizationFields settings={settings} />
    </section>
  );
}

/** Whose settings these are. */
function LaneChoice() {
  return (
    <div class="segments" role="radiogroup" aria-label="Settings of run">
      {lanes.value.map(({ run }) => (
        <label key={run.id}>
          <input
            type="radio"
            name="lane"
            checked={selectedId.value === run.id}
            onChange={() => (selectedId.value = run.id)}
          />
          <span>Run {run.id.toUpperCase()}</span>
        </label>
      ))}
    </div>
  );
}

function Presets({ settings }: { readonly settings: Settings }) {
  const text = String(toAddress({ ...settings, validations: 1, threads: 0, seed: 1 }));
  const preset = PRESETS.find(
    (one) => String(toAddress({ ...one.settings, validations: 1, threads: 0, seed: 1 })) === text,
  );
  return (
    <SelectField
      label="Recipe"
      value={preset?.name ?? ''}
      options={[
        ...(preset === undefined ? [['', 'Your own'] as const] : []),
        ...PRESETS.map(({ name, title }) => [name, title] as const),
      ]}
      hint={preset?.note}
      onChange={(name) => {
        const chosen = PRESETS.find((one) => one.name === name);
        if (chosen !== undefined)
          change({ ...chosen.settings, threads: settings.threads, seed: settings.seed });
      }}
    />
  );
}

function DataFields({ settings }: { readonly settings: Settings }) {
  const drawn = drawnDigits.value.labels.length;
  return (
    <Group title="Data">
      <SelectField
        label="Images"
        value={settings.data}
        options={[
          ['mnist', 'MNIST: digits'],
          ['fashionMnist', 'Fashion-MNIST: clothes'],
          ['drawn', `Your own digits (${drawn})`],
        ]}
        hint={
          settings.data === 'drawn'
            ? `${drawn < LEAST_DRAWN ? `Draw ${LEAST_DRAWN - drawn} more below the pad. ` : ''}Validated on 2,000 digits of MNIST.`
            : undefined
        }
        onChange={(data) => change({ data })}
      />
      {settings.data === 'fashionMnist' && <FashionUrl settings={settings} />}
      {settings.data !== 'drawn' && (
        <LogSliderField
          label="Training images"
          value={settings.samples}
          min={LIMITS.samples[0]}
          max={LIMITS.samples[1]}
          format={count}
          onChange={(samples) => change({ samples: Math.round(samples) })}
        />
      )}
    </Group>
  );
}

function FashionUrl({ settings }: { readonly settings: Settings }) {
  return (
    <div class="field">
      <label for="data-url">Folder with its four files</label>
      <input
        id="data-url"
        type="url"
        placeholder="https://…/fashion-mnist/"
        value={settings.dataUrl}
        aria-describedby="data-url-hint"
        onChange={(event) => change({ dataUrl: event.currentTarget.value.trim() })}
      />
      <p class="hint" id="data-url-hint">
        From this host, or from one that allows it (CORS) and that the page's policy names.
      </p>
    </div>
  );
}

function TrainingFields({ settings }: { readonly settings: Settings }) {
  const { schedule } = settings;
  return (
    <Group title="Training">
      <LogSliderField
        label="Learning rate"
        value={settings.lr}
        min={LIMITS.lr[0]}
        max={LIMITS.lr[1]}
        format={rate}
        hint="Heard at once, also while it trains."
        onChange={(lr) => change({ lr })}
      />
      <SelectField
        label="Schedule"
        value={schedule.kind}
        options={[
          ['oneCycle', 'One cycle: up, then down to nothing'],
          ['cosine', 'Half a cosine down'],
          ['step', 'In steps: a tenth, twice'],
          ['constant', 'Constant'],
        ]}
        onChange={(kind) => change({ schedule: scheduleOf(kind) })}
      />
      <SelectField
        label="Optimizer"
        value={settings.optimizer}
        options={[
          ['adamW', 'AdamW'],
          ['adam', 'Adam'],
          ['sgd', 'SGD, momentum 0.9'],
          ['muon', 'Muon'],
        ]}
        onChange={(optimizer) => change({ optimizer })}
      />
      <SliderField
        label="Weight decay"
        value={settings.weightDecay === 0 ? -6 : Math.log10(settings.weightDecay)}
        {...{ min: -6, max: 0, step: 0.25 }}
        format={(value) => (value <= -6 ? 'none' : rate(10 ** value))}
        onChange={(value) => change({ weightDecay: value <= -6 ? 0 : Number((10 ** value).toPrecision(2)) })}
      />
      <div class="pair">
        <NumberField
          label="Epochs"
          value={settings.epochs}
          min={1}
          max={LIMITS.epochs[1]}
          onChange={(epochs) => change({ epochs })}
        />
        <NumberField
          label="Batch"
          value={settings.batchSize}
          min={LIMITS.batchSize[0]}
          max={LIMITS.batchSize[1]}
          onChange={(batchSize) => change({ batchSize })}
        />
        <NumberField
          label="Seed"
          value={settings.seed}
          min={0}
          max={LIMITS.seed[1]}
          onChange={(seed) => change({ seed })}
        />
        <NumberField
          label="Validations an epoch"
          value={settings.validations}
          min={1}
          max={LIMITS.validations[1]}
          onChange={(validations) => change({ validations })}
        />
      </div>
      <SelectField
        label="Threads"
        value={String(settings.threads)}
        options={[['0', 'as many as fit'], ...[1, 2, 4, 8].map((n) => [String(n), String(n)] as const)]}
        hint={
          globalThis.crossOriginIsolated
            ? 'The result is the same, to the bit.'
            : 'One: this page is not cross-origin isolated, so its threads may not share memory.'
        }
        onChange={(threads) => change({ threads: Number(threads) })}
      />
    </Group>
  );
}

function scheduleOf(kind: ScheduleSettings['kind']): ScheduleSettings {
  return kind === 'oneCycle' ? { kind, pctStart: 0.2, divFactor: 10 } : { kind };
}

function AugmentationFields({ settings }: { readonly settings: Settings }) {
  const { augmentation } = settings;
  const set = (changes: Partial<Settings['augmentation']>) =>
    change({ augmentation: { ...augmentation, ...changes } });
  return (
    <Group title="Random changes of training images">
      <Augmented />
      <SliderField
        label="Rotation"
        value={augmentation.rotate}
        min={0}
        max={45}
        step={1}
        format={(value) => `±${value}°`}
        onChange={(rotate) => set({ rotate })}
      />
      <SliderField
        label="Shift"
        value={augmentation.shift}
        min={0}
        max={0.3}
        step={0.01}
        format={(value) => `±${Math.round(value * 28)} px`}
        onChange={(shift) => set({ shift })}
      />
      <SliderField
        label="Zoom"
        value={augmentation.zoom}
        min={0}
        max={0.5}
        step={0.01}
        format={(value) => `±${Math.round(value * 100)}%`}
        onChange={(zoom) => set({ zoom })}
      />
      <SliderField
        label="Shear"
        value={augmentation.shear}
        min={0}
        max={30}
        step={1}
        format={(value) => `±${value}°`}
        onChange={(shear) => set({ shear })}
      />
    </Group>
  );
}

function RegularizationFields({ settings }: { readonly settings: Settings }) {
  const off = (value: number) => (value === 0 ? 'off' : String(value));
  return (
    <Group title="Regularization">
      <SliderField
        label="Label smoothing"
        value={settings.labelSmoothing}
        min={0}
        max={0.5}
        step={0.01}
        format={off}
        onChange={(labelSmoothing) => change({ labelSmoothing })}
      />
      <SliderField
        label="Mixup, alpha"
        value={settings.mixup}
        min={0}
        max={2}
        step={0.1}
        format={off}
        onChange={(mixup) => change({ mixup })}
      />
      <SliderField
        label="Average the weights from"
        value={settings.averageFrom}
        min={0}
        max={1}
        step={0.05}
        format={(value) => (value >= 1 ? 'off' : `${Math.round(value * 100)}% of the epochs`)}
        onChange={(averageFrom) => change({ averageFrom })}
      />
    </Group>
  );
}
