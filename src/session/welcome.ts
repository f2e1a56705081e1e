import { subOf } from '../domain/model.ts';
import { PLACE_BURST, PLACE_RATE } from '../node/place-rate.ts';
import { MAX_PLACE_DATA_BYTES } from '../protocol/place-data.ts';
import { isoTime } from '../protocol/presence.ts';
import { type Self, welcomeFrame } from '../protocol/server-frames.ts';
import type { SessionHost } from './host.ts';
import type { Identity } from './identity.ts';

/** The answer to a token: who the client is, until when, and by which limits. */
export const welcomeTo = (
  { owner, tenant, principal }: Identity,
  { settings, clock }: Pick<SessionHost, 'settings' | 'clock'>,
  self: Self | undefined,
  ref: string | undefined,
): string =>
  welcomeFrame({
    user: subOf(owner),
    tenant,
    expiresAt: isoTime(principal.exp * 1000),
    idleAfterMs: settings.idleAwayMs,
    pingIntervalMs: settings.pingIntervalMs,
    pingTimeoutMs: settings.pingTimeoutMs,
    graceMs: settings.offlineGraceMs,
    serverTime: isoTime(clock.wall()),
    limits: {
      frameBytes: settings.maxFrameBytes,
      frameRate: settings.frameRate,
      frameBurst: settings.frameBurst,
      watches: settings.maxWatches,
      place: {
        rate: PLACE_RATE,
        burst: PLACE_BURST,
        dataBytes: MAX_PLACE_DATA_BYTES,
        places: settings.maxPlacesPerConnection,
      },
    },
    ...(self !== undefined && { self }),
    ...(ref !== undefined && { ref }),
  });
