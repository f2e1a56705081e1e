import calculateSlot from 'cluster-key-slot';
import type { Redis } from 'ioredis';
import { createClient, createServerClient, type LinkOptions } from './client.ts';
import type { RawReply } from './functions.ts';

/** Where channels are: each place is one connection, which receives the channels listed there. */
export interface ChannelPlaces {
  /** Channels by place. @throws Error while that cannot be determined. */
  find(channels: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /** A client for that place; not connected yet. */
  open(place: string): Redis;
}

/** A Redis with one master: the server that takes writes has every channel. */
const onePlace = (options: LinkOptions): ChannelPlaces => ({
  find: async (channels) => new Map([['master', channels]]),
  open: () => createClient(options, 0, false) as Redis,
});

/** Each channel is with the master that owns its slot. */
const placesOfCluster = (
  options: LinkOptions,
  command: (name: string, ...args: string[]) => Promise<RawReply>,
): ChannelPlaces => ({
  find: async (channels) => {
    const owners = ownersOf(await command('CLUSTER', 'SLOTS'));
    const places = new Map<string, string[]>();
    for (const channel of channels) {
      const slot = calculateSlot(channel);
      const owner = owners.find(({ from, to }) => from <= slot && slot <= to);
      if (owner === undefined) throw new Error(`no master owns slot ${slot}`);
      places.set(owner.place, [...(places.get(owner.place) ?? []), channel]);
    }
    return places;
  },
  open: (place) => {
    const colon = place.lastIndexOf(':');
    const server = { host: place.slice(0, colon), port: Number(place.slice(colon + 1)) };
    return createServerClient(options, server, 0);
  },
});

/** @param command - asks any server of the Redis. */
export const channelPlaces = (
  options: LinkOptions,
  command: (name: string, ...args: string[]) => Promise<RawReply>,
): ChannelPlaces =>
  options.address.topology === 'cluster' ? placesOfCluster(options, command) : onePlace(options);

interface Owner {
  readonly from: number;
  readonly to: number;
  /** `host:port` of the master. */
  readonly place: string;
}

/** The reply to CLUSTER SLOTS. One whose address is not known there is left out. */
const ownersOf = (reply: RawReply): Owner[] =>
  (reply as [number, number, [string | null, number]][]).flatMap(([from, to, [host, port]]) =>
    host ? [{ from, to, place: `${host}:${port}` }] : [],
  );
