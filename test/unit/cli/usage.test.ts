import { describe, expect, it } from 'vitest';
import { HELP } from '../../../src/cli/help.ts';
import { printable, processIo } from '../../../src/cli/process-io.ts';
import { ran } from './fake-io.ts';

describe('called the wrong way', () => {
  it.each([
    [[], 'a command is needed'],
    [['dance'], 'there is no command "dance"'],
    [['keygen', '--version', 'v1'], '--version must be one of v4, v3, v2, not "v1"'],
    [['keygen', '--purpose', 'secret'], '--purpose must be one of public, local'],
    [['keygen', '--bogus'], "Unknown option '--bogus'"],
    [['keygen', 'more'], "Unexpected argument 'more'"],
    [['token'], '--user is needed'],
    [['token', '--user'], "Option '--user <value>' argument missing"],
    [['token', '--user', 'ann'], 'a key is needed'],
    [['token', '--user', 'ann', '--ttl', '1h'], '--ttl must be a whole number of seconds, not "1h"'],
    [['token', '--user', 'ann', '--ttl', '0'], '--ttl must be'],
    [['check-config', 'now'], "Unexpected argument 'now'"],
    [['print-config', '--yaml'], "Unknown option '--yaml'"],
    [['watch', 'ann'], 'a token is needed'],
    [['watch', '--token', 'a b', 'ann'], 'a token is needed'],
    [['watch', '--token', 'x'], 'name the users to watch, or give --place or --tenant'],
    [['watch', '--token', 'x', '--url', 'localhost:8080', 'ann'], '--url must be an address'],
    [['watch', '--token', 'x', '--url', 'ftp://h', 'ann'], '--url must be an address'],
    [['watch', '--token', 'x', '--url', 'ws://h?token=x', 'ann'], '--url must not hold a token'],
    [['watch', '--token', 'x', '--url', 'ws://u:p@h', 'ann'], '--url must not hold a token'],
  ])('%j ends with 64 and one line', async (args, message) => {
    const { code, out, err } = await ran(args);
    expect(code).toBe(64);
    expect(out).toEqual([]);
    expect(err).toHaveLength(1);
    expect(err[0]).toContain(`rollcall: ${message}`);
    expect(err[0]).toMatch(/^[^\n]*see "rollcall help"$/);
  });
});

describe('help and version', () => {
  it.each([[['help']], [['--help']], [['-h']], [['keygen', '--help']], [['watch', '-h']]])(
    '%j prints the help',
    async (args) => {
      expect(await ran(args)).toEqual({ code: 0, out: HELP.split('\n'), err: [] });
    },
  );

  it('prints its version', async () => {
    expect(await ran(['--version'])).toEqual({ code: 0, out: ['1.2.3'], err: [] });
  });
});

describe('what reaches a terminal', () => {
  it('holds no escapes and no reversed text', () => {
    expect(printable('a\u001b[31mb\u009bc\u202ed\re\tf\u2028')).toBe(
      'a\ufffd[31mb\ufffdc\ufffdd\ufffde\tf\ufffd',
    );
    expect(printable('👩‍🚀 ok')).toBe('👩‍🚀 ok');
  });

  it('is one line each, on its own stream', () => {
    const [out, err]: [string[], string[]] = [[], []];
    const io = processIo({
      stdout: { write: (text) => out.push(text) },
      stderr: { write: (text) => err.push(text) },
      env: {},
      stop: new AbortController().signal,
      version: '1',
    });
    io.out('a\u0007\nb');
    io.err('c\u001b');
    expect([out, err]).toEqual([['a\ufffd\ufffdb\n'], ['c\ufffd\n']]);
  });
});
