import { createSocket, type Socket } from 'node:dgram';

const HEADER_BYTES = 12;
const TYPE_A = 1;
/** Answer, recursion available, no error. */
const FLAGS = 0x8180;

/** Where the question ends: after its name, type and class. */
const endOfQuestion = (query: Buffer): number => {
  let at = HEADER_BYTES;
  while ((query[at] ?? 0) !== 0) at += (query[at] ?? 0) + 1;
  return at + 5;
};

const record = (address: string): Buffer => {
  // The name is the one asked for, by reference; class IN; one second to live; four bytes.
  const fixed = [0xc0, 0x0c, 0, TYPE_A, 0, 1, 0, 0, 0, 1, 0, 4];
  return Buffer.from([...fixed, ...address.split('.').map(Number)]);
};

/** A name server for one name: every question for an IPv4 address is answered with `addresses` as they are then. */
export class DnsDouble {
  addresses: readonly string[];
  readonly #socket: Socket = createSocket('udp4');

  private constructor(addresses: readonly string[]) {
    this.addresses = addresses;
    this.#socket.on('message', (query, { port, address }) => {
      this.#socket.send(this.#answer(query), port, address);
    });
  }

  static async start(addresses: readonly string[]): Promise<DnsDouble> {
    const dns = new DnsDouble(addresses);
    await new Promise<void>((resolve, reject) => {
      dns.#socket.once('error', reject);
      dns.#socket.bind(0, '127.0.0.1', resolve);
    });
    return dns;
  }

  /** `host:port`. */
  get at(): string {
    return `127.0.0.1:${this.#socket.address().port}`;
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }

  #answer(query: Buffer): Buffer {
    const end = endOfQuestion(query);
    const isA = query.readUInt16BE(end - 4) === TYPE_A;
    const records = isA ? this.addresses.map(record) : [];
    const header = Buffer.alloc(HEADER_BYTES);
    query.copy(header, 0, 0, 2);
    header.writeUInt16BE(FLAGS, 2);
    header.writeUInt16BE(1, 4);
    header.writeUInt16BE(records.length, 6);
    return Buffer.concat([header, query.subarray(HEADER_BYTES, end), ...records]);
  }
}
