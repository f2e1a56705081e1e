import { pino } from 'pino';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type App, createApp } from '../../src/app.ts';
import { TokenVerifier } from '../../src/auth/verifier.ts';
import { loadSettings } from '../../src/config/settings.ts';
import { Client } from '../support/client.ts';
import { createIssuer } from '../support/tokens.ts';

/**
 * A revocation closes the connections that it finds. One whose token was found good a moment before it, and that is
 * entered a moment after, is found by nobody.
 */
describe('identity is the token’s: a token that is revoked between the look at it and the entry of its connection', () => {
  let app: App | undefined;
  afterEach(async () => {
    vi.restoreAllMocks();
    await app?.stop();
  });

  it.each(['subprotocol', 'frame'] as const)('closes the socket (%s)', async (signIn) => {
    const issuer = await createIssuer();
    const settings = loadSettings({
      REDIS_URL: 'memory:',
      PORT: '0',
      ADMIN_PORT: '0',
      HOST: '127.0.0.1',
      PASETO_KEYS: issuer.publicKey,
    });
    app = await createApp({
      settings,
      logger: pino({ level: 'silent' }),
      nodeId: 'node',
      version: '0',
      onIncompatible: (error) => expect.fail(error.message),
    });
    await app.start();
    const { public: url } = app.addresses;
    const operator = await issuer.token({ sub: 'operator', scope: 'admin' });
    // One that only watches: those who are present the store would refuse all the same, a little later.
    const token = await issuer.token({ sub: 'ann', scope: 'watch' });
    const original = TokenVerifier.prototype.verify;
    vi.spyOn(TokenVerifier.prototype, 'verify').mockImplementation(async function (
      this: TokenVerifier,
      given,
    ) {
      const principal = await original.call(this, given);
      if (given === token) {
        const answer = await fetch(`${url}/v1/users/ann/revoke`, {
          method: 'POST',
          headers: { authorization: `Bearer ${operator}` },
        });
        expect(answer.status).toBe(204);
      }
      return principal;
    });
    const client = new Client(url.replace('http', 'ws'), { token, signIn });
    expect(await client.end()).toBe(4403);
    expect(client.first('welcome')).toBeUndefined();
  });
});
