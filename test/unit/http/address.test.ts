import { describe, expect, it } from 'vitest';
import { addressKey, addressList, parseAddress } from '../../../src/http/address.ts';

const keyOf = (text: string): string | undefined => {
  const address = parseAddress(text);
  return address && addressKey(address);
};

describe('an address', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:50000', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:203.0.113.7', '203.0.113.7'],
    ['::ffff:cb00:7107', '203.0.113.7'],
    ['[::ffff:cb00:7107]:443', '203.0.113.7'],
    ['0:0:0:0:0:ffff:cb00:7107', '203.0.113.7'],
    ['64:ff9b::cb00:7107', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['[2001:db8:1:2:3:4:5:6]', '2001:db8:1:2'],
    ['[2001:db8:1:2:3:4:5:6]:8080', '2001:db8:1:2'],
    ['2001:DB8:1:2::', '2001:db8:1:2'],
    ['2001:0db8:0001:0002::1', '2001:db8:1:2'],
    ['2001:db8::1', '2001:db8:0:0'],
    ['2001:db8:1::1:2:3:4', '2001:db8:1:0'],
    ['::1', '0:0:0:0'],
    ['::', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['/tmp/socket', undefined],
    ['unknown', undefined],
    ['', undefined],
    ['7', undefined],
    ['0x7f.1', undefined],
    ['203.0.113.7:x', undefined],
    ['203.0.113.256', undefined],
  ])('%s counts as %s', (text, key) => {
    expect(keyOf(text)).toBe(key);
  });
});

describe('a list of addresses', () => {
  const isIn = (list: string, text: string): boolean => {
    const address = parseAddress(text);
    return address !== undefined && addressList(list)(address);
  };

  it.each([
    ['10.0.0.0/8', '10.1.2.3', true],
    ['10.0.0.0/8', '10.1.2.3:80', true],
    ['10.0.0.0/8', '11.1.2.3', false],
    ['10.0.0.0/8', '::ffff:10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '10.1.2.3', true],
    ['::ffff:10.0.0.0/104', '11.1.2.3', false],
    ['fd00::/8', 'fd12::1', true],
    ['fd00::/8', '10.0.0.1', false],
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1', '127.0.0.2', false],
    ['loopback', '::1', true],
    ['loopback', '127.8.8.8', true],
    ['linklocal', '169.254.1.1', true],
    ['linklocal', 'fe80::1', true],
    ['uniquelocal', '192.168.4.4', true],
    ['uniquelocal', 'fc00::4', true],
    ['uniquelocal', '8.8.8.8', false],
    ['loopback,10.0.0.0/8', '10.0.0.1', true],
  ])('%s and %s: %s', (list, text, expected) => {
    expect(isIn(list, text)).toBe(expected);
  });
});
