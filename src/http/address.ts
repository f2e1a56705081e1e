import ipaddr from 'ipaddr.js';

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** Hextets of the IPv6 network that one customer gets (RFC 6177): limits by single address could be evaded at will. */
const NETWORK = 4;

/** `1.2.3.4:50000` and `[::1]:50000`, as some proxies write where a connection came from; also `[::1]`. */
const WITH_PORT = /^(?:\[([^\]]*)\]|([\d.]+))(?::\d{1,5})?$/;

/** IPv4 written in IPv6: mapped (RFC 4291), and as gateways of networks without IPv4 translate it (RFC 6052). */
const embedded = (address: ipaddr.IPv6): ipaddr.IPv4 | undefined => {
  if (address.isIPv4MappedAddress()) return address.toIPv4Address();
  if (address.range() !== 'rfc6052') return undefined;
  return new ipaddr.IPv4(address.toByteArray().slice(-4));
};

/**
 * Reads an address as a socket or a proxy gives it: with or without a port, in any spelling; one that is IPv4 in
 * IPv6 is IPv4.
 *
 * @returns `undefined` for any other text.
 */
export const parseAddress = (text: string): Address | undefined => {
  const [, bracketed, dotted] = WITH_PORT.exec(text) ?? [];
  const bare = bracketed ?? dotted ?? text;
  // The library also takes 127.1 and 0x7f.1, which no proxy writes.
  if (ipaddr.IPv4.isValidFourPartDecimal(bare)) return ipaddr.IPv4.parse(bare);
  if (!bare.includes(':') || !ipaddr.IPv6.isValid(bare)) return undefined;
  const address = ipaddr.IPv6.parse(bare);
  return embedded(address) ?? address;
};

/** The rate-limit key: an IPv4 address itself, of an IPv6 address its /64. */
export const addressKey = (address: Address): string =>
  address.kind() === 'ipv4'
    ? address.toString()
    : (address as ipaddr.IPv6).parts
        .slice(0, NETWORK)
        .map((part) => part.toString(16))
        .join(':');

const RANGES: Readonly<Record<string, readonly string[]>> = {
  loopback: ['loopback'],
  linklocal: ['linkLocal'],
  uniquelocal: ['private', 'uniqueLocal'],
};

const inNetwork = (entry: string): ((address: Address) => boolean) => {
  const [text = '', given] = entry.split('/', 2);
  const network = parseAddress(text);
  if (network === undefined) return () => false;
  const isMapped = network.kind() === 'ipv4' && text.includes(':');
  const widest = network.kind() === 'ipv4' ? 32 : 128;
  const bits = given === undefined ? widest : Math.max(0, Number(given) - (isMapped ? 96 : 0));
  return (address) => address.kind() === network.kind() && address.match(network as ipaddr.IPv4, bits);
};

/** Whether an address is one of a list: addresses, CIDR ranges, `loopback`, `linklocal`, `uniquelocal`. */
export const addressList = (list: string): ((address: Address) => boolean) => {
  const tests = list.split(',').map((entry) => {
    const ranges = RANGES[entry.trim()];
    return ranges === undefined
      ? inNetwork(entry.trim())
      : (address: Address) => ranges.includes(address.range());
  });
  return (address) => tests.some((test) => test(address));
};
