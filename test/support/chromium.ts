import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Debian's and other systems' names of the browser. */
const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** The browser of this machine (`QUARRY_CHROMIUM`, or on the PATH), or why its tests are skipped. */
export function findChromium(): { readonly path: string } | { readonly missing: string } {
  const { QUARRY_CHROMIUM: given, PATH = '' } = process.env;
  const places = PATH.split(delimiter).flatMap((directory) => NAMES.map((name) => join(directory, name)));
  const path = [...(given ? [given] : []), ...places].find((place) => existsSync(place));
  return path
    ? { path }
    : { missing: 'no Chromium on the PATH: apt-get install chromium, or set QUARRY_CHROMIUM to one' };
}
