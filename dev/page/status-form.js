import { h, setText } from './dom.js';
import { glyph } from './glyphs.js';

const CHOICES = [
  { value: '', label: 'Auto', hint: 'What your connections and activity say' },
  { value: 'online', label: 'Online' },
  { value: 'away', label: 'Away' },
  { value: 'busy', label: 'Busy' },
  { value: 'invisible', label: 'Hidden', hint: 'Others see you offline' },
];
const EMOJI = ['☕', '🍜', '🎧', '📞', '✈️', '🌴', '🤒', '🏡'];
const ENDS = [
  ['', 'no end'],
  ['15', '15 s'],
  ['300', '5 min'],
  ['3600', '1 h'],
];

/** The person's own status: each change is sent at once, and says when it is stored. */
export const statusForm = (device) => {
  const name = `status-${device.id}`;
  const radios = CHOICES.map(({ value, label, hint }) => {
    const input = h('input', { type: 'radio', name, value, id: `${name}-${value}` });
    const mark = value === '' ? undefined : glyph(value);
    return {
      input,
      element: h('label', { class: 'choice', title: hint }, input, h('span', {}, mark, label)),
    };
  });
  const text = h('input', {
    type: 'text',
    maxlength: 140,
    placeholder: 'What you are doing',
    'aria-label': 'Status text',
    autocomplete: 'off',
  });
  const emoji = h(
    'select',
    { 'aria-label': 'Emoji', class: 'emoji' },
    h('option', { value: '', 'aria-label': 'no emoji' }, '–'),
    ...EMOJI.map((one) => h('option', { value: one }, one)),
  );
  const end = h(
    'select',
    { 'aria-label': 'Until' },
    ...ENDS.map(([value, label]) => h('option', { value }, label)),
  );
  const answer = h('p', { class: 'answer', role: 'status' });
  const details = h('div', { class: 'details' }, emoji, text, end);

  const chosen = () => radios.find(({ input }) => input.checked)?.input.value ?? '';
  const arrange = () => {
    details.hidden = chosen() === '' || chosen() === 'invisible';
  };
  const claimOf = () => {
    const status = chosen();
    if (status === '') return { status: null };
    if (status === 'invisible') return { status };
    return {
      status,
      ...(text.value.trim() !== '' && { text: text.value.trim() }),
      ...(emoji.value !== '' && { emoji: emoji.value }),
      ...(end.value !== '' && { until: new Date(Date.now() + Number(end.value) * 1_000).toISOString() }),
    };
  };
  let sending = 0;
  let shown;
  const send = async () => {
    arrange();
    sending += 1;
    const started = performance.now();
    const { type, message } = await device.setStatus(claimOf());
    sending -= 1;
    const good = type === 'ack';
    // What is shown was not stored, or only perhaps: ask what holds.
    if (!good) {
      shown = undefined;
      void device.loadClaim();
    }
    answer.classList.toggle('bad', !good);
    setText(answer, good ? `Stored in ${Math.max(1, Math.round(performance.now() - started))} ms` : message);
  };

  const element = h(
    'form',
    {
      class: 'status',
      onsubmit: (event) => {
        event.preventDefault();
        text.blur();
      },
      onchange: () => void send(),
    },
    h(
      'fieldset',
      {},
      h('legend', { class: 'unseen' }, 'Status'),
      h('div', { class: 'choices' }, ...radios.map((radio) => radio.element)),
    ),
    details,
    answer,
  );

  /** Shows a claim that came from elsewhere; what the person is typing stays. */
  const show = (claim, invisible) => {
    const key = JSON.stringify([claim, invisible]);
    if (
      shown === key ||
      sending > 0 ||
      (element.contains(document.activeElement) && document.activeElement === text)
    )
      return;
    shown = key;
    const status = invisible ? 'invisible' : (claim?.status ?? '');
    for (const { input } of radios) input.checked = input.value === status;
    text.value = claim?.text ?? '';
    if (claim?.emoji !== undefined && !EMOJI.includes(claim.emoji))
      emoji.append(h('option', { value: claim.emoji }, claim.emoji));
    emoji.value = claim?.emoji ?? '';
    if (claim?.until === undefined) end.value = '';
    arrange();
  };
  show(null, false);

  return {
    element,
    update() {
      for (const field of [...radios.map(({ input }) => input), text, emoji, end])
        field.disabled = !device.live;
      if (device.claim !== undefined) show(device.claim, device.invisible);
      if (!device.live) setText(answer, '');
    },
  };
};
