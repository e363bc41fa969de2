/** Figures as people read them; the same in the report, the card and the advice. */

/** `12,345` */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** A share of 0 to 1: `41 %`, `0.7 %`, `99.6 %`, `< 0.01 %`. */
export function percent(share: number): string {
  const value = share * 100;
  if (value === 0 || value === 100) return `${value} %`;
  if (value > 0 && value < 0.01) return '< 0.01 %';
  if (value < 10) return `${value.toPrecision(2)} %`;
  return `${value > 99 ? Math.floor(value * 10) / 10 : Math.round(value)} %`;
}

/** A score or a mean: `0.873`. */
export function score(value: number): string {
  return value.toFixed(3);
}

/** `0.4 s`, `12 s`, `3:05 min`, `1:02:09 h` */
export function duration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60)];
  const rest = String(whole % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${rest} h` : `${minutes}:${rest} min`;
}

/** `1.5 GiB` */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  const scaled = value / 1024 ** power;
  return `${scaled.toFixed(power === 0 || scaled >= 100 ? 0 : 1)} ${units[power]}`;
}
