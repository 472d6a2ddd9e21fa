import type { ParameterBreakdown } from '@mnist-kit/models';

/** The notebook's list of where the parameters are. */
export function formatBreakdown({ total, layers }: ParameterBreakdown): string {
  const lines = layers.map(
    ({ layer, type, parameters, share }) =>
      `  ${layer.padEnd(8)} ${type.padEnd(12)} ${String(parameters).padStart(7)}  ${(share * 100).toFixed(1).padStart(5)}%`,
  );
  return ['', 'Parameter breakdown:', ...lines, `  Total: ${total}`, ''].join('\n');
}
