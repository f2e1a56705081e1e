import { DEVICES, type Device } from './model.ts';

/** Device kinds as a bit mask, bit i for `DEVICES[i]`: one digit in the store instead of a list. */
export type DeviceMask = number;

export const deviceBit = (device: Device): DeviceMask => 1 << DEVICES.indexOf(device);

export const deviceMask = (devices: Iterable<Device>): DeviceMask => {
  let mask = 0;
  for (const device of devices) mask |= deviceBit(device);
  return mask;
};

/** Every possible answer, made once: views share these arrays. */
const LISTS: readonly (readonly Device[])[] = Array.from({ length: 1 << DEVICES.length }, (_, mask) =>
  DEVICES.filter((device) => mask & deviceBit(device)),
);

export const deviceList = (mask: DeviceMask): readonly Device[] => LISTS[mask] ?? [];

/** Kinds with whether they are in use, as one node or one grace holds them. */
interface Kinds {
  readonly devices: DeviceMask;
  /** None of them is in use. */
  readonly idle: boolean;
  /** Those that are not in use although others are; absent for none. */
  readonly idleDevices?: DeviceMask;
}

export const devicesInUse = ({ devices, idle, idleDevices = 0 }: Kinds): DeviceMask =>
  idle ? 0 : devices & ~idleDevices;
