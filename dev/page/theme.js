const KEY = 'rollcall.theme';
const NEXT = { system: 'light', light: 'dark', dark: 'system' };
const LABELS = { system: 'Theme: system', light: 'Theme: light', dark: 'Theme: dark' };

/** Light, dark, or as the system says; kept for the next visit. */
export const themeSwitch = (button) => {
  const show = (theme) => {
    button.textContent = LABELS[theme];
    if (theme === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  };
  const stored = localStorage.getItem(KEY);
  let theme = stored in NEXT ? stored : 'system';
  show(theme);
  button.addEventListener('click', () => {
    theme = NEXT[theme];
    localStorage.setItem(KEY, theme);
    show(theme);
  });
};
