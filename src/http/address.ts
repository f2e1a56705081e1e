const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** Hextets of an IPv6 network that one customer is given (RFC 6177): limits by single address could be evaded at will. */
const NETWORK = 4;

/**
 * What limits are counted by: an IPv4 address itself (also one mapped into IPv6), of an IPv6 address its /64.
 *
 * @param ip - as Node or a trusted proxy gave it; text that is no address is its own key.
 */
export const addressKey = (ip: string): string => {
  const mapped = MAPPED.exec(ip)?.[1];
  if (mapped !== undefined) return mapped;
  if (!ip.includes(':')) return ip;
  const [head = '', tail] = ip.toLowerCase().split('%', 1)[0]?.split('::') ?? [];
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : Math.max(0, 8 - before.length - after.length);
  const hextets = [...before, ...Array<string>(gap).fill('0'), ...after];
  return hextets
    .slice(0, NETWORK)
    .map((hextet) => hextet.replace(/^0+(?=.)/, ''))
    .join(':');
};
