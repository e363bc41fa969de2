import { type Device, type DeviceName, usableDevice } from '../../embedder/device.ts';
import type { Kernel } from '../kernel.ts';

/** What models run on here; a QuarryError that names what to install where the device is not there. */
export const run: Kernel<Device, DeviceName> = (device) => usableDevice(device);
