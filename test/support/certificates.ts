import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RedisOptions } from './redis-server.ts';

const run = promisify(execFile);

/** A certificate authority of one's own, and a certificate for 127.0.0.1 that it signed; files in a directory of their own. */
export class Certificates {
  readonly #dir: string;

  private constructor(dir: string) {
    this.#dir = dir;
  }

  /** Made by `openssl`, on elliptic curves: a few milliseconds each. */
  static async make(): Promise<Certificates> {
    const dir = await mkdtemp(join(tmpdir(), 'rollcall-tls-'));
    const made = new Certificates(dir);
    const openssl = (...args: string[]) => run('openssl', args, { cwd: dir });
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const days = ['-days', '2'];
    await openssl(
      'req',
      '-x509',
      ...key,
      ...days,
      '-subj',
      '/CN=Test CA',
      '-keyout',
      'ca.key',
      '-out',
      'ca.crt',
    );
    await openssl('req', ...key, '-subj', '/CN=redis', '-keyout', 'server.key', '-out', 'server.csr');
    await writeFile(join(dir, 'names'), 'subjectAltName=IP:127.0.0.1');
    await openssl(
      ...['x509', '-req', '-in', 'server.csr', '-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial'],
      ...[...days, '-extfile', 'names', '-out', 'server.crt'],
    );
    return made;
  }

  /** For `NODE_EXTRA_CA_CERTS` of whoever connects. */
  get ca(): string {
    return join(this.#dir, 'ca.crt');
  }

  /** How to start a server that speaks TLS with clients and with other servers alike. */
  get server(): Required<Pick<RedisOptions, 'tls' | 'args' | 'connection'>> {
    const args = [...this.serverArgs, '--tls-replication', 'yes'];
    return { tls: true, args, connection: { tls: { ca: readFileSync(this.ca) } } };
  }

  /** What a server needs that speaks TLS with everybody: clients show no certificate. */
  get serverArgs(): readonly string[] {
    return [
      ...['--tls-cert-file', join(this.#dir, 'server.crt'), '--tls-key-file', join(this.#dir, 'server.key')],
      ...['--tls-ca-cert-file', this.ca, '--tls-auth-clients', 'no'],
    ];
  }

  async remove(): Promise<void> {
    await rm(this.#dir, { recursive: true, force: true });
  }
}
