/** Every setting of the service under its documented name in camel case. */
export interface Settings {
  readonly port: number;
  readonly host: string;
  readonly adminPort: number;
  readonly adminHost: string;
  readonly redisUrl: string;
  readonly redisPrefix: string;
  readonly redisCommandTimeoutMs: number;
  readonly writeReplicas: number;
  readonly partitions: number;
  readonly nodeName: string;
  readonly pasetoKeys?: string;
  readonly pasetoKeysFile?: string;
  readonly pasetoSymmetricKey?: string;
  readonly pasetoSymmetricVersion: 'v4' | 'v3' | 'v2';
  readonly tokenAudience?: string;
  readonly tokenIssuer?: string;
  readonly tokenInQuery: boolean;
  readonly maxTokenTtlS: number;
  readonly heartbeatIntervalMs: number;
  readonly heartbeatTtlMs: number;
  readonly reapIntervalMs: number;
  readonly offlineGraceMs: number;
  readonly drainGraceMs: number;
  readonly idleAwayMs: number;
  readonly idleOfflineMs: number;
  readonly pingIntervalMs: number;
  readonly pingTimeoutMs: number;
  readonly authTimeoutMs: number;
  readonly fanoutWindowMs: number;
  readonly maxFrameBytes: number;
  readonly maxConnections: number;
  readonly maxConnectionsPerUser: number;
  readonly maxUnauthenticated: number;
  readonly maxWatches: number;
  readonly maxNodeWatches: number;
  readonly tenantWatchMax: number;
  readonly frameRate: number;
  readonly frameBurst: number;
  readonly httpRate: number;
  readonly upgradeRate: number;
  readonly lastSeen: 'exact' | 'hour' | 'off';
  readonly lastSeenRetentionDays: number;
  readonly eventLogSeconds: number;
  readonly eventLogMax: number;
  readonly drainDelayMs: number;
  readonly drainWindowMs: number;
  readonly watchPolicy: 'tenant' | 'groups';
  readonly publishTenantEvents: boolean;
  /** `*` or a list of origins. */
  readonly allowedOrigins: '*' | readonly string[];
  /** As Fastify's `trustProxy`: false, true, a hop count or a list of addresses. */
  readonly trustProxy: boolean | number | string;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
}
