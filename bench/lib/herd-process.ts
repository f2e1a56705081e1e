import type { HerdAnswer, HerdCommand } from './herd-messages.ts';
import { RawSocket } from './raw-socket.ts';

/** A process full of clients that only count what they get. Started by {@link Herd}. */

const sockets = new Set<RawSocket>();
let failed = 0;
let frames = 0;

const open = async (command: Extract<HerdCommand, { do: 'open' }>): Promise<void> => {
  const { tokens, inFlight, host, port, localAddress } = command;
  let next = 0;
  const one = (token: string): Promise<void> =>
    new Promise((resolve) => {
      let welcomed = false;
      const socket = new RawSocket({
        host,
        port,
        localAddress,
        token,
        onText: () => {
          frames++;
          if (welcomed) return;
          welcomed = true;
          resolve();
        },
        onEnd: () => {
          sockets.delete(socket);
          if (!welcomed) failed++;
          resolve();
        },
      });
      sockets.add(socket);
    });
  const worker = async (): Promise<void> => {
    for (;;) {
      const token = tokens[next++];
      if (token === undefined) return;
      await one(token);
    }
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, tokens.length) }, worker));
};

const close = async (goodbye: boolean): Promise<void> => {
  for (const socket of sockets) {
    if (goodbye) socket.send('{"type":"bye"}');
    else socket.destroy();
  }
  const deadline = Date.now() + 30_000;
  while (sockets.size > 0 && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  for (const socket of sockets) socket.destroy();
};

const handle = async (command: HerdCommand): Promise<HerdAnswer> => {
  if (command.do === 'open') await open(command);
  else if (command.do === 'send') for (const socket of sockets) socket.send(command.frame);
  else if (command.do === 'close') await close(command.goodbye);
  return { open: sockets.size, failed, frames };
};

process.on('message', (command: HerdCommand) => {
  handle(command).then(
    (answer) => process.send?.(answer),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});
// The benchmark is gone: so are its clients.
process.on('disconnect', () => process.exit(0));
