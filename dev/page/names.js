const NAMES = [
  'Ada Lovelace',
  'Grace Hopper',
  'Alan Turing',
  'Katherine Johnson',
  'Edsger Dijkstra',
  'Radia Perlman',
  'Barbara Liskov',
  'Leslie Lamport',
  'Hedy Lamarr',
  'Claude Shannon',
  'Margaret Hamilton',
  'Tony Hoare',
  'Frances Allen',
  'Donald Knuth',
  'Karen Spärck Jones',
  'Nancy Lynch',
  'Jim Gray',
  'Mary Jackson',
  'Niklaus Wirth',
  'Adele Goldberg',
  'Evelyn Boyd Granville',
  'John Backus',
  'Lynn Conway',
  'Shafi Goldwasser',
];

/** A name nobody here has yet, as long as there is one. */
export const suggestName = (taken, random = Math.random) => {
  const free = NAMES.filter((name) => !taken.has(name));
  const from = free.length > 0 ? free : NAMES;
  return from[Math.floor(random() * from.length)];
};

const MAX_ID_BYTES = 128;

/** The user id of a name: the same name is the same person, in every tab. */
export const userIdOf = (name) => {
  const plain = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/\p{M}/gu, '')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '');
  const bytes = new TextEncoder().encode(plain);
  return bytes.length <= MAX_ID_BYTES
    ? plain
    : new TextDecoder().decode(bytes.slice(0, MAX_ID_BYTES - 3)).replace(/\uFFFD/g, '');
};

export const initialsOf = (name) => {
  const words = name.split(/\s+/).filter(Boolean);
  const letters = words.length > 1 ? [words[0], words.at(-1)] : words;
  return letters.map((word) => [...word][0].toUpperCase()).join('');
};

/** A hue of one's own, the same wherever the person appears. */
export const hueOf = (user) => {
  let hash = 7;
  for (const letter of user) hash = (hash * 31 + letter.codePointAt(0)) % 3_600;
  return hash / 10;
};
