/**
 * The colours of plots and pages: those of Okabe and Ito (2008), told apart with any colour vision, each with a variant
 * for dark ground. A page sets the variables ({@link paletteStyle}); a picture that stands alone has the light ones.
 */
const COLOURS = {
  positive: ['#007a59', '#3ecf9f'],
  kept: ['#0072b2', '#56b4e9'],
  dropped: ['#c04f00', '#f0935a'],
  warning: ['#8a5a00', '#e6b34d'],
  other: ['#8c4b75', '#d997bf'],
  muted: ['#62676f', '#9aa1ab'],
  faint: ['#d5d8dd', '#3b4048'],
} as const satisfies Readonly<Record<string, readonly [light: string, dark: string]>>;

export type Colour = keyof typeof COLOURS;

/** Series that have no meaning of their own, in this order. */
export const SERIES: readonly Colour[] = ['kept', 'dropped', 'positive', 'other', 'warning', 'muted'];

/** A colour as CSS and SVG take it: follows the page, and is the light variant where there is none. */
export function colour(name: Colour): string {
  return `var(--${name}, ${COLOURS[name][0]})`;
}

/** CSS declarations of every colour's variable. */
export function paletteStyle(ground: 'light' | 'dark'): string {
  const variant = ground === 'light' ? 0 : 1;
  return Object.entries(COLOURS)
    .map(([name, variants]) => `--${name}:${variants[variant]}`)
    .join(';');
}

/** `svg` with every variable replaced by its light variant, for viewers that know none. */
export function withoutVariables(svg: string): string {
  return svg.replaceAll(/var\(--[a-z]+, (#[0-9a-f]{6})\)/g, '$1');
}
