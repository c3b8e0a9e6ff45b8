// A classic script, so that it runs before the first paint: Bootstrap takes its colours from an
// attribute. The page follows the system, unless the person has chosen; the choice is one of the
// account's settings, and this browser remembers it for the first paint.
'use strict';
(() => {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const chosen = () => {
    try {
      return localStorage.getItem('frond-theme');
    } catch {
      return null; // storage is refused
    }
  };
  const apply = () => document.documentElement.setAttribute('data-bs-theme', chosen() ?? (dark.matches ? 'dark' : 'light'));
  dark.addEventListener('change', apply);
  addEventListener('frond-theme', apply);
  apply();
})();
