// SPDX-License-Identifier: GPL-3.0-or-later
// Runs before the first paint, so that a remembered choice of dark or light does not flash. Everything else is a module.
(function () {
  try {
    var theme = localStorage.getItem('oriel.theme');
    if (theme === 'dark' || theme === 'light') {
      document.documentElement.dataset.theme = theme;
    }
  } catch (error) {
    // Storage may be forbidden; the system's choice holds then.
  }
})();
