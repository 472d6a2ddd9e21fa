import type { CompactBlock } from '@mnist-kit/models';
import { LIMITS, type PlainBlock } from './settings.js';

/** Blocks as short text: `8-16p-32` is 8 channels, 16 and a pool, 32. */
export function formatPlainBlocks(blocks: readonly PlainBlock[]): string {
  return blocks.map(({ channels, pool }) => `${channels}${pool ? 'p' : ''}`).join('-');
}

/** `undefined` for text that is none. */
export function parsePlainBlocks(text: string): PlainBlock[] | undefined {
  return parseList(text, (item) => {
    const match = /^(\d{1,3})(p?)$/.exec(item);
    const channels = Number(match?.[1]);
    return match && isChannels(channels) ? { channels, pool: match[2] === 'p' } : undefined;
  });
}

/**
 * Blocks as short text: `c12v-s16r-m-a` is a convolution of 12 channels without padding, a separable one of 16 with its
 * input added, a max-pool, a mean pool. `k5` behind the channels says another window than 3 x 3.
 */
export function formatCompactBlocks(blocks: readonly CompactBlock[]): string {
  return blocks
    .map((block) => {
      if (typeof block === 'string') return block === 'maxPool' ? 'm' : 'a';
      const { kernelSize = 3, padding = 'same', residual = false } = block;
      const channels = 'conv' in block ? `c${block.conv}` : `s${block.separable}`;
      const window = kernelSize === 3 ? '' : `k${kernelSize}`;
      return `${channels}${window}${padding === 'valid' ? 'v' : ''}${residual ? 'r' : ''}`;
    })
    .join('-');
}

/** `undefined` for text that is none. */
export function parseCompactBlocks(text: string): CompactBlock[] | undefined {
  return parseList(text, (item) => {
    if (item === 'm') return 'maxPool';
    if (item === 'a') return 'averagePool';
    const match = /^([cs])(\d{1,3})(?:k([1357]))?(v?)(r?)$/.exec(item);
    const channels = Number(match?.[2]);
    if (!match || !isChannels(channels)) return undefined;
    const options = {
      ...(match[3] !== undefined && { kernelSize: Number(match[3]) }),
      ...(match[4] === 'v' && { padding: 'valid' as const }),
      ...(match[5] === 'r' && { residual: true }),
    };
    return match[1] === 'c' ? { conv: channels, ...options } : { separable: channels, ...options };
  });
}

function parseList<T>(text: string, parse: (item: string) => T | undefined): T[] | undefined {
  const items = text.split('-').map(parse);
  if (items.length > LIMITS.blocks[1]) return undefined;
  return items.includes(undefined) ? undefined : (items as T[]);
}

function isChannels(value: number): boolean {
  return value >= LIMITS.channels[0] && value <= LIMITS.channels[1];
}
