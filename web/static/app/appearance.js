// The colours the person has chosen. theme.js applies them, also before the first paint.

const key = 'frond-theme';

/** Takes 'light' or 'dark'; anything else follows the system. */
export function setTheme(theme) {
  try {
    if (theme === 'light' || theme === 'dark') localStorage.setItem(key, theme);
    else localStorage.removeItem(key);
  } catch {
    return; // storage is refused; then the page follows the system
  }
  dispatchEvent(new Event(key));
}
