/** A Markdown table; bars and line ends inside cells would end the cell. */
export const table = (head: readonly string[], rows: readonly (readonly string[])[]): string => {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
};

export const code = (text: string): string => `\`${text}\``;

export const GENERATED_NOTE = '<!-- Made by `npm run docs`: change the code it is made from instead. -->';

/**
 * Replaces what stands between `<!-- generated:name -->` and `<!-- /generated:name -->`.
 *
 * @throws Error when the page has no such block, or has it twice.
 */
export const replaceBlock = (page: string, name: string, content: string): string => {
  const [open, close] = [`<!-- generated:${name} -->`, `<!-- /generated:${name} -->`];
  const [before, rest, ...more] = page.split(open);
  const end = rest?.indexOf(close) ?? -1;
  if (before === undefined || rest === undefined || end < 0 || more.length > 0) {
    throw new Error(`must have one block between ${open} and ${close}`);
  }
  return `${before}${open}\n${content}\n${rest.slice(end)}`;
};
