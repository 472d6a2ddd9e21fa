import type { CompactBlock } from '@mnist-kit/models';
import type { ComponentChildren } from 'preact';
import {
  FIRST_COMPACT_NET,
  FIRST_CONV_NET,
  LIMITS,
  type NetSettings,
  type Settings,
} from '../settings/settings.js';
import { CheckField, Group, SelectField, SliderField, wholeNumber } from './fields.js';
import { count, percent } from './format.js';
import { change, selected } from './state.js';

/** Which net, and what it is made of. */
export function NetField({ settings }: { readonly settings: Settings }) {
  const { net } = settings;
  const setNet = (next: NetSettings) => change({ net: next });
  return (
    <Group title="Net">
      <SelectField
        label="Architecture"
        value={net.kind}
        options={[
          ['optimizedNet', 'OptimizedNet: 5 blocks'],
          ['improvedNet', 'ImprovedNet: wider'],
          ['convNet', 'Compose: convolutions with dropout'],
          ['compactNet', 'Compose: compact, separable, residual'],
        ]}
        onChange={(kind) =>
          setNet(kind === 'convNet' ? FIRST_CONV_NET : kind === 'compactNet' ? FIRST_COMPACT_NET : { kind })
        }
      />
      {net.kind === 'convNet' && <PlainComposer net={net} setNet={setNet} />}
      {net.kind === 'compactNet' && <CompactComposer net={net} setNet={setNet} />}
      <Parameters />
    </Group>
  );
}

/** How many parameters there are, and where. */
function Parameters() {
  const description = selected.value.inspection.description.value;
  if (typeof description === 'string')
    return (
      <p class="notice bad" role="alert">
        {description}
      </p>
    );
  const { parameters = 0, layers = [] } = description ?? {};
  return (
    <details class="more parameters">
      <summary>
        <output data-testid="parameters">{description === undefined ? '…' : count(parameters)}</output>{' '}
        parameters
      </summary>
      <table>
        <thead>
          <tr>
            <th scope="col">Layer</th>
            <th scope="col">Type</th>
            <th scope="col" class="number">
              Parameters
            </th>
          </tr>
        </thead>
        <tbody>
          {layers.map(({ layer, type, parameters: own }) => (
            <tr key={layer}>
              <th scope="row">{layer}</th>
              <td>{type}</td>
              <td class="number">{count(own)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  );
}

interface ComposerProps<K extends NetSettings['kind']> {
  readonly net: Extract<NetSettings, { kind: K }>;
  readonly setNet: (net: NetSettings) => void;
}

function PlainComposer({ net, setNet }: ComposerProps<'convNet'>) {
  const { blocks } = net;
  const share = (value: number) => (value === 0 ? 'off' : percent(value, 0));
  return (
    <>
      <BlockList
        blocks={blocks}
        added={{ channels: blocks.at(-1)?.channels ?? 16, pool: false }}
        onChange={(next) => setNet({ ...net, blocks: next })}
        fields={(block, position, setBlock) => (
          <>
            <span class="block-kind">3 × 3</span>
            <Channels
              position={position}
              value={block.channels}
              onChange={(channels) => setBlock({ ...block, channels })}
            />
            <CheckField label="pool" checked={block.pool} onChange={(pool) => setBlock({ ...block, pool })} />
          </>
        )}
      />
      <SliderField
        label="Dropout after each block"
        value={net.dropout}
        min={0}
        max={0.9}
        step={0.05}
        format={share}
        onChange={(dropout) => setNet({ ...net, dropout })}
      />
      <SliderField
        label="Dropout before the last layer"
        value={net.fcDropout}
        min={0}
        max={0.9}
        step={0.05}
        format={share}
        onChange={(fcDropout) => setNet({ ...net, fcDropout })}
      />
    </>
  );
}

function CompactComposer({ net, setNet }: ComposerProps<'compactNet'>) {
  return (
    <>
      <BlockList<CompactBlock>
        blocks={net.blocks}
        added={{ separable: 16 }}
        onChange={(next) => setNet({ ...net, blocks: next })}
        fields={(block, position, setBlock) => (
          <CompactBlockFields block={block} position={position} onChange={setBlock} />
        )}
      />
      <CheckField
        label="Batch norms have a scale"
        checked={net.scale}
        onChange={(scale) => setNet({ ...net, scale })}
      />
    </>
  );
}

/** A net's blocks, each with its own fields, and what adds one. */
function BlockList<B>({
  blocks,
  added,
  fields,
  onChange,
}: {
  blocks: readonly B[];
  added: B;
  fields: (block: B, position: number, setBlock: (block: B) => void) => ComponentChildren;
  onChange: (blocks: readonly B[]) => void;
}) {
  return (
    <>
      <ol class="blocks" aria-label="Blocks">
        {blocks.map((block, i) => (
          <li key={i}>
            {fields(block, i, (next) => onChange(blocks.map((old, at) => (at === i ? next : old))))}
            <BlockButtons blocks={blocks} position={i} onChange={onChange} />
          </li>
        ))}
      </ol>
      <button
        type="button"
        disabled={blocks.length >= LIMITS.blocks[1]}
        onClick={() => onChange([...blocks, added])}
      >
        Add a block
      </button>
    </>
  );
}

type CompactKind = 'conv' | 'separable' | 'maxPool' | 'averagePool';

function CompactBlockFields({
  block,
  position,
  onChange,
}: {
  block: CompactBlock;
  position: number;
  onChange: (block: CompactBlock) => void;
}) {
  const kind: CompactKind = typeof block === 'string' ? block : 'conv' in block ? 'conv' : 'separable';
  const channels = typeof block === 'string' ? 16 : 'conv' in block ? block.conv : block.separable;
  const { padding = 'same', residual = false, kernelSize = 3 } = typeof block === 'string' ? {} : block;
  const make = (changes: { kind?: CompactKind; channels?: number; residual?: boolean; valid?: boolean }) => {
    const next = { kind, channels, residual, valid: padding === 'valid', ...changes };
    if (next.kind === 'maxPool' || next.kind === 'averagePool') return onChange(next.kind);
    const options = {
      ...(kernelSize !== 3 && { kernelSize }),
      ...(next.valid && !next.residual && { padding: 'valid' as const }),
      ...(next.residual && { residual: true }),
    };
    return onChange(
      next.kind === 'conv' ? { conv: next.channels, ...options } : { separable: next.channels, ...options },
    );
  };
  return (
    <>
      <select
        aria-label={`Block ${position + 1}`}
        value={kind}
        onChange={(event) => make({ kind: event.currentTarget.value as CompactKind })}
      >
        <option value="conv">convolution</option>
        <option value="separable">separable</option>
        <option value="maxPool">max-pool</option>
        <option value="averagePool">mean pool</option>
      </select>
      {typeof block !== 'string' && (
        <>
          <Channels position={position} value={channels} onChange={(next) => make({ channels: next })} />
          <CheckField label="add input" checked={residual} onChange={(next) => make({ residual: next })} />
        </>
      )}
    </>
  );
}

function Channels({
  position,
  value,
  onChange,
}: {
  position: number;
  value: number;
  onChange: (value: number) => void;
}) {
  const [min, max] = LIMITS.channels;
  return (
    <input
      type="number"
      aria-label={`Channels of block ${position + 1}`}
      {...{ min, max, value }}
      onChange={(event) => onChange(wholeNumber(event.currentTarget, { min, max, value }))}
    />
  );
}

function BlockButtons<B>({
  blocks,
  position,
  onChange,
}: {
  blocks: readonly B[];
  position: number;
  onChange: (blocks: readonly B[]) => void;
}) {
  return (
    <span class="block-buttons">
      <button
        type="button"
        aria-label={`Move block ${position + 1} up`}
        disabled={position === 0}
        onClick={() => {
          const next = [...blocks];
          next.splice(position - 1, 0, ...next.splice(position, 1));
          onChange(next);
        }}
      >
        ↑
      </button>
      <button
        type="button"
        aria-label={`Remove block ${position + 1}`}
        disabled={blocks.length === 1}
        onClick={() => onChange(blocks.filter((_, i) => i !== position))}
      >
        ×
      </button>
    </span>
  );
}
