// Loaded into a node before it starts: SIGWINCH is an exception that nobody catches, SIGURG a rejection.
process.on('SIGWINCH', () => {
  throw new Error('planted exception');
});
process.on('SIGURG', () => {
  void Promise.reject(new Error('planted rejection'));
});
