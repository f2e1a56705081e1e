import { PublicProtocol } from 'paseto';
import {
  ExportPublicKeyFactory,
  ExportSecretKeyFactory,
  GenerateKeyPairFactory,
  SignFactory,
} from 'paseto/v4/public';

export interface TokenClaims {
  readonly sub: string;
  readonly tenant?: string;
  readonly name?: string;
  readonly groups?: readonly string[];
  /** Space separated; without it the service assumes `connect watch`. */
  readonly scope?: string;
  readonly aud?: string;
  readonly iss?: string;
}

export interface TokenTimes {
  /** Lifetime in seconds from now; negative for a token that has ended. Default one hour. */
  readonly ttlSeconds?: number;
  /** Moves `iat` by so many seconds. */
  readonly issuedInSeconds?: number;
  /** The `iat` as it is to be written. */
  readonly iat?: string;
}

/** Signs tokens with a key pair of its own, as the customer's login service would. */
export interface Issuer {
  /** The `PASETO_KEYS` of a service that trusts this issuer. */
  readonly publicKey: string;
  readonly secretKey: string;
  token(claims: TokenClaims | string, times?: TokenTimes): Promise<string>;
}

const v4 = new PublicProtocol(
  GenerateKeyPairFactory,
  SignFactory,
  ExportPublicKeyFactory,
  ExportSecretKeyFactory,
);

export const createIssuer = async (): Promise<Issuer> => {
  const { publicKey, secretKey } = await v4.GenerateKeyPair({ extractable: true });
  return {
    publicKey: await v4.ExportPublicKey(publicKey),
    secretKey: await v4.ExportSecretKey(secretKey),
    async token(claims, { ttlSeconds = 3_600, issuedInSeconds = 0, iat } = {}) {
      const given = typeof claims === 'string' ? { sub: claims } : claims;
      const at = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toISOString();
      return v4.Sign(secretKey, { ...given, iat: iat ?? at(issuedInSeconds), exp: at(ttlSeconds) });
    },
  };
};
