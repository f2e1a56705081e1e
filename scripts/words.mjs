// npm run words: whether comments, error and log texts and the docs have words that must not stand there. The words, what
// to write instead and why are in words.json. `npm run words -- count` counts them in every folder.
import { readFileSync } from 'node:fs';
import { fail, root } from './lib/root.mjs';
import { checkWords } from './lib/words.mjs';

const list = JSON.parse(readFileSync(new URL('words.json', import.meta.url), 'utf8'));

if (process.argv[2] === 'count') {
  const counts = new Map();
  for (const { file } of checkWords(root, list)) {
    const folder = file.split('/').slice(0, 2).join('/');
    counts.set(folder, (counts.get(folder) ?? 0) + 1);
  }
  for (const [folder, count] of counts) console.log(`${String(count).padStart(5)}  ${folder}`);
  console.log(`${String([...counts.values()].reduce((a, b) => a + b, 0)).padStart(5)}  in all`);
} else {
  const found = checkWords(root, list);
  for (const { file, line, text, instead, why } of found) {
    console.log(`${file}:${line}: "${text}": write ${instead} (${why})`);
  }
  if (found.length > 0) fail(`${found.length} words that scripts/words.json forbids`);
}
