/** Python's keyword arguments as a job names them: `num_negatives` is `numNegatives`. */
export function camelCase<Value>(parameters: Readonly<Record<string, Value>>): Record<string, Value> {
  const renamed = Object.entries(parameters).map(([name, value]) => [
    name.replace(/_(.)/g, (_, letter: string) => letter.toUpperCase()),
    value,
  ]);
  return Object.fromEntries(renamed);
}
