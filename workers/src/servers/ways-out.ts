import type { ServerRecipe } from './recipe.ts';

/** The one message for a server that cannot be had: what was tried, and everything that would help. */
export function waysOut(recipe: ServerRecipe, cached: string, failures: readonly string[]): string {
  const tried = [
    `\`${recipe.binary}\` on the PATH: not there`,
    `pinned build in the cache, ${cached}: not there`,
    ...failures,
  ];
  const ways = [
    ...(recipe.name === 'temporal'
      ? [
          'set TEMPORAL_ADDRESS to a Temporal server that runs already: then none is started here',
          'install the Temporal CLI (https://docs.temporal.io/cli), so that `temporal` is on the PATH',
        ]
      : [`install ${recipe.binary} ${recipe.version} or newer, so that it is on the PATH`]),
    `install Go ${recipe.go} or newer (https://go.dev/dl) and run this again: it builds the pinned server, once`,
    `copy an executable ${recipe.binary} for this machine to ${cached}`,
  ];
  return [
    `No ${recipe.title} was found. Tried, in this order:`,
    ...tried.map((line) => `  - ${line}`),
    'Do one of these:',
    ...ways.map((line, i) => `  ${i + 1}. ${line}`),
  ].join('\n');
}
