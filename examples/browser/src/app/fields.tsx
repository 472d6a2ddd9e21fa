import type { ComponentChildren } from 'preact';
import { useId } from 'preact/hooks';

interface Shared {
  readonly label: string;
  /** More about it, below the field. */
  readonly hint?: string;
}

/** One of several. */
export function SelectField<T extends string>({
  label,
  hint,
  value,
  options,
  onChange,
}: Shared & {
  readonly value: T;
  readonly options: readonly (readonly [value: T, name: string])[];
  readonly onChange: (value: T) => void;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <select
        id={id}
        value={value}
        aria-describedby={hint && `${id}-hint`}
        onChange={(event) => onChange(event.currentTarget.value as T)}
      >
        {options.map(([key, name]) => (
          <option key={key} value={key}>
            {name}
          </option>
        ))}
      </select>
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** A number on a slider, with what it says beside the label. */
export function SliderField({
  label,
  hint,
  value,
  min,
  max,
  step,
  format,
  onChange,
}: Shared & {
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly format: (value: number) => string;
  readonly onChange: (value: number) => void;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <output for={id}>{format(value)}</output>
      <input
        id={id}
        type="range"
        {...{ min, max, step, value }}
        aria-valuetext={format(value)}
        aria-describedby={hint && `${id}-hint`}
        onInput={(event) => onChange(Number(event.currentTarget.value))}
      />
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** Positions of a logarithmic slider per power of ten. */
const PER_DECADE = 40;

/** A number on a logarithmic slider, with two digits that count. */
export function LogSliderField({
  value,
  min,
  max,
  onChange,
  ...shared
}: Shared & {
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly format: (value: number) => string;
  readonly onChange: (value: number) => void;
}) {
  const toPosition = (number: number) => Math.round(Math.log10(number) * PER_DECADE);
  const toValue = (position: number) => Number((10 ** (position / PER_DECADE)).toPrecision(2));
  return (
    <SliderField
      {...shared}
      value={toPosition(value)}
      min={toPosition(min)}
      max={toPosition(max)}
      step={1}
      // A value from the address may lie between two positions: it is shown as it is.
      format={(position) => shared.format(position === toPosition(value) ? value : toValue(position))}
      onChange={(position) => onChange(Math.min(max, Math.max(min, toValue(position))))}
    />
  );
}

/** A whole number that is typed. */
export function NumberField({
  label,
  hint,
  value,
  min,
  max,
  step = 1,
  onChange,
}: Shared & {
  readonly value: number;
  readonly min: number;
  readonly max: number;
  readonly step?: number;
  readonly onChange: (value: number) => void;
}) {
  const id = useId();
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="number"
        inputMode="numeric"
        {...{ min, max, step, value }}
        aria-describedby={hint && `${id}-hint`}
        onChange={(event) => onChange(wholeNumber(event.currentTarget, { min, max, value }))}
      />
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
    </div>
  );
}

/** The whole number in a field, within its bounds; `value` where none was typed. */
export function wholeNumber(
  field: HTMLInputElement,
  { min, max, value }: { readonly min: number; readonly max: number; readonly value: number },
): number {
  const { valueAsNumber } = field;
  const next = Number.isFinite(valueAsNumber)
    ? Math.min(max, Math.max(min, Math.round(valueAsNumber)))
    : value;
  // What could not be taken is put back, visibly.
  field.value = String(next);
  return next;
}

export function CheckField({
  label,
  checked,
  onChange,
}: Shared & { readonly checked: boolean; readonly onChange: (checked: boolean) => void }) {
  return (
    <label class="check">
      <input type="checkbox" checked={checked} onChange={(event) => onChange(event.currentTarget.checked)} />
      <span>{label}</span>
    </label>
  );
}

/** Fields that belong together. */
export function Group({ title, children }: { readonly title: string; readonly children: ComponentChildren }) {
  return (
    <fieldset>
      <legend>{title}</legend>
      {children}
    </fieldset>
  );
}
