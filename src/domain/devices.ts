import { DEVICES, type Device } from './model.ts';

/** Device kinds as a bit mask, bit i for `DEVICES[i]`: one digit in the store instead of a list. */
export type DeviceMask = number;

const deviceBit = (device: Device): DeviceMask => 1 << DEVICES.indexOf(device);

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
