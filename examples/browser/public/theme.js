// Before anything is drawn, so that nothing flashes: the theme that the visitor chose.
try {
  const theme = localStorage.getItem('mnist-kit:theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is forbidden: the system's theme it is.
}
