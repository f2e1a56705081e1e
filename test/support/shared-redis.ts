/** The Redis that the test run was given, where no `redis-server` can be started. Others use it too: it stays as it is. */
export class SharedRedis {
  readonly url: string;
  readonly host: string;
  readonly port: number;

  constructor(url = process.env.ROLLCALL_TEST_REDIS_URL) {
    if (url === undefined) {
      throw new Error('no redis-server on the PATH and no ROLLCALL_TEST_REDIS_URL: nothing to test against');
    }
    this.url = url;
    const { hostname, port } = new URL(url);
    this.host = hostname;
    this.port = Number(port || 6379);
  }

  async stop(): Promise<void> {}
}
