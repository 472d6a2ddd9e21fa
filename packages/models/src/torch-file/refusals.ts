import { CheckpointError } from '@mnist-kit/core';
import { Opaque } from './pickle-values.js';

/** The error for whoever needs what a name of Python's stands for, when it is not known here. */
export function refusedGlobal(module: string, name: string): CheckpointError {
  return new CheckpointError(
    `The .pth file asks for ${JSON.stringify(shorten(`${module}.${name}`))}, ` +
      'which plain tensors and containers do not need; nothing of it was run. ' +
      'Save a state dict: torch.save(model.state_dict(), path).',
  );
}

/** A class or function that is not known here, and whatever it would make. */
export function opaqueGlobal(module: string, name: string): Opaque {
  return new Opaque(shorten(`${module}.${name}`), () => refusedGlobal(module, name));
}

/** A value that is known, in a form that is not read. */
export function opaqueValue(typeName: string, problem: string): Opaque {
  return new Opaque(typeName, () => new CheckpointError(`The .pth file holds a ${typeName} ${problem}.`));
}

function shorten(name: string): string {
  return name.length > 100 ? `${name.slice(0, 100)}…` : name;
}
