import { SCOPES, type Scope } from '../../src/auth/principal.ts';
import { code, replaceBlock, table } from './markdown.ts';
import { callsOf, type Document, openApiDocument } from './openapi.ts';

/** What a scope is for, what it allows on a WebSocket, and whether `WATCH_POLICY` binds it. */
const ABOUT: Readonly<Record<Scope, readonly [purpose: string, socket: string, isBound: string]>> = {
  connect: [
    'be present, and set one’s own status',
    '`status`, `activity`; with `watch` also `typing`',
    'says nothing of others',
  ],
  watch: [
    'see users by id, and the members of one’s own groups',
    '`watch` of `users` and `groups`, `typing`',
    'yes',
  ],
  'watch:tenant': ['see everybody', '`watch` of `users`, `groups` and `tenant`', 'no'],
  read: ['read anybody', '', 'no'],
  write: ['set the presence of anybody', '', 'says nothing of others'],
  events: ['follow every transition', '', 'no'],
  mint: [
    'issue tokens with `connect`, `watch`, `watch:tenant` for the own tenant',
    '',
    'says nothing of others',
  ],
  admin: ['disconnect, revoke, forget, explain, list nodes', '', 'no'],
};

export const scopesTable = (document: Document): string =>
  table(
    ['scope', 'for', 'frames', 'calls', 'bound by `WATCH_POLICY=groups`'],
    SCOPES.map((scope) => {
      const [purpose, socket, isBound] = ABOUT[scope];
      const calls = callsOf(document).filter(({ call }) =>
        call.security.some(({ bearer }) => bearer.includes(scope)),
      );
      return [
        code(scope),
        purpose,
        socket || '—',
        calls.map(({ name }) => code(name)).join('<br>') || '—',
        isBound,
      ];
    }),
  );

/** `docs/tokens.md` with the table of scopes; the rest of the page is written by hand. */
export const tokensPage = async (page: string): Promise<string> =>
  replaceBlock(page, 'scopes', scopesTable(await openApiDocument()));
