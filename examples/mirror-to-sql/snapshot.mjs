import { setTimeout as sleep } from 'node:timers/promises';

/** Users one call asks for. */
const PAGE = 1000;

/** Asks until there is an answer: 503 says that Rollcall does not know yet. */
const ask = async ({ url, tenant, token, signal }, path, query, body) => {
  const target = new URL(path, url);
  for (const [name, value] of Object.entries({ ...query, tenant }))
    if (value) target.searchParams.set(name, value);
  for (;;) {
    const response = await fetch(target, {
      headers: { authorization: `Bearer ${token()}`, ...(body && { 'content-type': 'application/json' }) },
      ...(body && { method: 'POST', body: JSON.stringify(body) }),
      signal,
    });
    if (response.ok) return response.json();
    const retryAfter = Number(response.headers.get('retry-after'));
    if (response.status !== 503 && response.status !== 429)
      throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
    await response.body?.cancel();
    await sleep((retryAfter || 1) * 1000, undefined, { signal });
  }
};

/** Reads everyone who is here, and then everyone of the table who was not among them. */
export const readSnapshot = async (api, table) => {
  const here = new Set();
  for (let cursor; ; ) {
    const page = await ask(api, '/v1/presence/online', { limit: PAGE, cursor });
    table.replace(page.users);
    for (const { user } of page.users) here.add(user);
    cursor = page.cursor;
    if (!cursor) break;
  }
  const others = table.users().filter((user) => !here.has(user));
  for (let at = 0; at < others.length; at += PAGE) {
    const { users } = await ask(api, '/v1/presence/batch', {}, { users: others.slice(at, at + PAGE) });
    table.replace(users);
  }
};
