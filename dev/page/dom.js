const SVG = 'http://www.w3.org/2000/svg';

const apply = (element, properties) => {
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else if (name === 'value' || name === 'checked' || name === 'disabled') element[name] = value;
    else element.setAttribute(name, value === true ? '' : String(value));
  }
};

/** Makes an element; text goes in as text, so nothing a person typed is ever read as markup. */
export const h = (tag, properties = {}, ...children) => {
  const element = document.createElement(tag);
  apply(element, properties);
  element.append(
    ...children.flat().filter((child) => child !== undefined && child !== null && child !== false),
  );
  return element;
};

export const svg = (tag, properties = {}, ...children) => {
  const element = document.createElementNS(SVG, tag);
  apply(element, properties);
  element.append(...children);
  return element;
};

/** Sets text only when it changed, so that screen readers and selections are left alone. */
export const setText = (element, text) => {
  if (element.textContent !== text) element.textContent = text;
};

/**
 * Makes the children of a list match `items` in their order. A child is made once per key and updated afterwards, so
 * focus and half-typed text stay.
 *
 * @param make - returns `{ element, update(item) }`
 */
export const keyedList = (parent, keyOf, make) => {
  const kept = new Map();
  return (items) => {
    const keys = new Set(items.map(keyOf));
    for (const [key, part] of kept) {
      if (keys.has(key)) continue;
      part.element.remove();
      kept.delete(key);
    }
    items.forEach((item, index) => {
      const key = keyOf(item);
      let part = kept.get(key);
      if (part === undefined) {
        part = make(item);
        kept.set(key, part);
      }
      part.update(item);
      if (parent.children[index] !== part.element)
        parent.insertBefore(part.element, parent.children[index] ?? null);
    });
  };
};
