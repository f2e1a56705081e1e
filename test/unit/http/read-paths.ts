/** Every way in which a backend reads `ann` and `bob`, of the groups `g` and `h`. */
export const READ_PATHS = [
  'users/ann',
  'users/bob',
  'online?limit=1',
  'online',
  'online?group=g',
  'online?group=h',
  'count',
  'count?group=g',
  'count?group=h',
].map((path) => `/v1/presence/${path}`);
