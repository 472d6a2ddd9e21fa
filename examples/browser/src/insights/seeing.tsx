import { type ReadonlySignal, signal, useSignalEffect } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { selected } from '../app/state.js';
import type { FeatureMaps, Filters, Pictures } from '../inspector/messages.js';
import { drawing } from '../pad/drawing.js';
import { classNames } from '../settings/class-names.js';
import { mosaic } from './mosaic.js';
import { PixelImage } from './pixel-image.js';
import { useVisible } from './use-visible.js';

/** The class whose test image is looked at; -1 is the drawing. */
const chosen = signal(7);
/** Which test image of each class. */
const page = signal(0);

/** Filters of the first layer, and what every block makes of a digit. */
export function Seeing() {
  const lane = selected.value;
  const { element, visible } = useVisible();
  const samples = useSamples();
  const { filters, maps } = useFeatures(samples, visible);
  const names = classNames(lane.run.settings.value.data);
  return (
    <section class="card" aria-labelledby="seeing-title" ref={element}>
      <div class="card-head">
        <h2 id="seeing-title">What the net sees</h2>
        <button type="button" onClick={() => (page.value = (page.value + 1) % 50)}>
          Other images
        </button>
      </div>
      <div class="choices" role="radiogroup" aria-label="Image to look at">
        {names.map((name, label) => (
          <Choice
            key={name}
            label={label}
            name={name}
            pixels={samples.value?.pixels.subarray(label * 784, (label + 1) * 784)}
          />
        ))}
        <Choice label={-1} name="your drawing" pixels={drawing.value} />
      </div>
      <div class="seeing">
        <figure class="filters">
          <figcaption>
            <strong>Filters</strong> <span class="muted">of the first layer</span>
          </figcaption>
          <FilterPictures filters={filters.value} />
        </figure>
        <div class="maps">
          {maps.value.map((map, i) => (
            <figure key={map.layer}>
              <figcaption>
                <strong>Block {i + 1}</strong>{' '}
                <span class="muted">
                  {map.channels} maps of {map.height} × {map.width}
                </span>
              </figcaption>
              <MapsPicture map={map} />
            </figure>
          ))}
        </div>
      </div>
    </section>
  );
}

function Choice({
  label,
  name,
  pixels,
}: {
  label: number;
  name: string;
  pixels: Uint8Array | Float32Array | undefined;
}) {
  return (
    <label class="choice">
      <input
        type="radio"
        name="looked-at"
        checked={chosen.value === label}
        onChange={() => {
          chosen.value = label;
        }}
      />
      <PixelImage pixels={pixels ?? BLANK} width={28} height={28} scale={1.25} />
      <span>{label === -1 ? 'yours' : name}</span>
    </label>
  );
}

const BLANK = new Uint8Array(784);

function FilterPictures({ filters }: { filters: Filters | undefined }) {
  const pictures = useMemo(() => {
    if (filters === undefined || filters.count === 0) return [];
    const largest = filters.values.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-12);
    const each = filters.size ** 2;
    return Array.from({ length: filters.count }, (_, k) =>
      filters.values.slice(k * each, (k + 1) * each).map((value) => value / largest),
    );
  }, [filters]);
  return (
    <div
      class="tiles"
      role="img"
      aria-label={`${pictures.length} filters of ${filters?.size ?? 0} by ${filters?.size ?? 0} weights: blue above zero, orange below`}
    >
      {pictures.map((pixels, k) => (
        <PixelImage
          key={k}
          pixels={pixels}
          width={filters!.size}
          height={filters!.size}
          scale={28 / filters!.size}
          signed
        />
      ))}
    </div>
  );
}

/** CSS pixels of a map, whatever its own size. */
const TILE = 42;

function MapsPicture({ map }: { map: FeatureMaps }) {
  const { pixels, width, height } = useMemo(() => mosaic(map), [map]);
  return (
    <PixelImage
      {...{ pixels, width, height }}
      scale={TILE / map.width}
      label={`Activations of ${map.channels} channels behind ${map.layer}`}
    />
  );
}

/** A test image of every class. */
function useSamples(): ReadonlySignal<Pictures | undefined> {
  const samples = useMemo(() => signal<Pictures | undefined>(undefined), []);
  useSignalEffect(() => {
    const { run, inspection } = selected.value;
    const { data, dataUrl } = run.settings.value;
    inspection.call('samples', data, dataUrl, page.value).then(
      (pictures) => {
        samples.value = pictures;
      },
      () => {
        // The address of the other data set may not be complete yet.
      },
    );
  });
  return samples;
}

function useFeatures(samples: ReadonlySignal<Pictures | undefined>, visible: ReadonlySignal<boolean>) {
  const state = useMemo(
    () => ({
      filters: signal<Filters | undefined>(undefined),
      maps: signal<readonly FeatureMaps[]>([]),
      busy: false,
    }),
    [],
  );
  useSignalEffect(() => {
    const { inspection } = selected.value;
    inspection.version.value;
    const label = chosen.value;
    const ink = label === -1 ? drawing.value : samples.value && toInk(samples.value.pixels, label);
    if (!visible.value || state.busy) return;
    state.busy = true;
    void (async () => {
      try {
        state.filters.value = await inspection.call('filters');
        if (ink !== undefined) state.maps.value = await inspection.call('featureMaps', ink);
      } catch {
        // No net yet: its first version asks again.
      } finally {
        state.busy = false;
      }
    })();
  });
  return state;
}

function toInk(pixels: Uint8Array, label: number): Float32Array {
  return Float32Array.from(pixels.subarray(label * 784, (label + 1) * 784), (value) => value / 255);
}
