/** Whether a value is an array of numbers that float32 can hold, without holes. */
export function areFinite(values: unknown): values is readonly number[] {
  // `every` passes over holes.
  return (
    Array.isArray(values) &&
    Array.from(values).every((value) => typeof value === 'number' && Number.isFinite(Math.fround(value)))
  );
}

/** Whether a value is an array of positive integers, without holes. */
export function arePositiveIntegers(values: unknown): values is readonly number[] {
  return areFinite(values) && values.every((value) => Number.isInteger(value) && value > 0);
}

/** Whether a value is an array of strings, without holes. */
export function areStrings(values: unknown): values is readonly string[] {
  return Array.isArray(values) && Array.from(values).every((value) => typeof value === 'string');
}
