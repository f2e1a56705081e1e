/**
 * Reads server-sent events from the chunks of a body: `{ event, data }` for each event, and `{ field, value }` for
 * `id` and `retry` where they stand.
 *
 * @param onChunk - called whenever anything came, comments as well.
 */
export async function* parseSse(body, onChunk) {
  const decoder = new TextDecoder();
  let text = '';
  let event = '';
  let data = [];
  for await (const chunk of body) {
    onChunk();
    text += decoder.decode(chunk, { stream: true });
    const lines = text.split('\n');
    text = lines.pop();
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) yield { event: event || 'message', data: data.join('\n') };
        event = '';
        data = [];
        continue;
      }
      const colon = line.indexOf(':');
      const field = colon < 0 ? line : line.slice(0, colon);
      const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
      if (field === 'event') event = value;
      else if (field === 'data') data.push(value);
      else if (field === 'id' || field === 'retry') yield { field, value };
    }
  }
}
