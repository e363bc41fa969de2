/** Figures as people read them; the same in the report, the card and the advice. */

/** `12,345` */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** A share of 0 to 1: `41 %`, `0.7 %`. */
export function percent(share: number): string {
  const value = share * 100;
  return `${value >= 10 || value === 0 ? Math.round(value) : value.toPrecision(2)} %`;
}
