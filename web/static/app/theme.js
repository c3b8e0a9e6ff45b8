// A classic script, so that it runs before the first paint: Bootstrap takes its colours from an
// attribute, and the page follows the system.
'use strict';
(() => {
  const dark = matchMedia('(prefers-color-scheme: dark)');
  const apply = () => document.documentElement.setAttribute('data-bs-theme', dark.matches ? 'dark' : 'light');
  dark.addEventListener('change', apply);
  apply();
})();
