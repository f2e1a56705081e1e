import type { HerdAnswer, HerdCommand } from './herd-messages.ts';
import { RawSocket } from './raw-socket.ts';

/** A process full of clients that only count what they get. Started by {@link Herd}. */

/** A server that is asked for too much at once says so and when to come back; a client that gives up is no client. */
const ATTEMPTS = 20;
const PAUSE_MS = 250;

const sockets = new Set<RawSocket>();
let failed = 0;
let again = 0;
let lastFailure: string | undefined;
let frames = 0;

type Target = Pick<Extract<HerdCommand, { do: 'open' }>, 'host' | 'port'> & {
  readonly localAddress?: string;
};

/** Opens one connection. @returns whether it had its welcome. */
const attempt = ({ host, port, localAddress }: Target, token: string): Promise<boolean> =>
  new Promise((resolve) => {
    let welcomed = false;
    const socket = new RawSocket({
      host,
      port,
      ...(localAddress !== undefined && { localAddress }),
      token,
      onText: () => {
        frames++;
        if (welcomed) return;
        welcomed = true;
        resolve(true);
      },
      onEnd: (why) => {
        sockets.delete(socket);
        if (!welcomed) lastFailure = why;
        resolve(false);
      },
    });
    sockets.add(socket);
  });

/** Tries until it is let in. @returns whether it was. */
const persist = async (target: Target, token: string): Promise<boolean> => {
  for (let tried = 1; tried <= ATTEMPTS; tried++) {
    if (await attempt(target, token)) return true;
    again++;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  failed++;
  return false;
};

const open = async (command: Extract<HerdCommand, { do: 'open' }>): Promise<void> => {
  const { tokens, inFlight } = command;
  let next = 0;
  const worker = async (): Promise<void> => {
    for (;;) {
      const token = tokens[next++];
      if (token === undefined) return;
      await persist(command, token);
    }
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, tokens.length) }, worker));
};

/**
 * Keeps to the rate whatever the server does: what waits is what is measured, attempts that were turned away included.
 *
 * @returns how long each waited, ms.
 */
const openAtRate = async (command: Extract<HerdCommand, { do: 'open at a rate' }>): Promise<number[]> => {
  const { tokens, perSecond } = command;
  const waits: number[] = [];
  const from = performance.now();
  const opened: Promise<void>[] = [];
  while (opened.length < tokens.length) {
    const due = Math.min(tokens.length, Math.ceil(((performance.now() - from) * perSecond) / 1000));
    for (const token of tokens.slice(opened.length, due)) {
      const at = performance.now();
      opened.push(
        persist(command, token).then((welcomed) => {
          if (welcomed) waits.push(performance.now() - at);
        }),
      );
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await Promise.all(opened);
  return waits;
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
  let waits: number[] | undefined;
  if (command.do === 'open') await open(command);
  else if (command.do === 'open at a rate') waits = await openAtRate(command);
  else if (command.do === 'send') for (const socket of sockets) socket.send(command.frame);
  else if (command.do === 'close') await close(command.goodbye);
  return {
    ...{ open: sockets.size, failed, again, frames },
    ...(lastFailure !== undefined && { lastFailure }),
    ...(waits && { waits }),
  };
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
