import { connect, createServer } from 'node:net';

const HOST = '127.0.0.1';

/**
 * A line to a node on which, every `everyMs`, nothing comes down for `stoppedMs`. What the node sends meanwhile waits, as
 * with a phone in a tunnel.
 * @returns its address and how to stop it.
 */
export const startSlowLine = async (target, { everyMs = 6_000, stoppedMs = 4_000 } = {}) => {
  const { hostname, port } = new URL(target);
  const sockets = new Set();
  const server = createServer((client) => {
    const node = connect({ host: hostname, port: Number(port) });
    client.pipe(node);
    node.pipe(client);
    const timer = setInterval(() => {
      node.unpipe(client);
      node.pause();
      setTimeout(() => node.pipe(client), stoppedMs).unref();
    }, everyMs);
    for (const [socket, other] of [
      [client, node],
      [node, client],
    ]) {
      sockets.add(socket);
      socket.on('error', () => {});
      socket.once('close', () => {
        clearInterval(timer);
        sockets.delete(socket);
        other.destroy();
      });
    }
  });
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, HOST, resolve);
  });
  const stop = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://${HOST}:${server.address().port}`, stop };
};
