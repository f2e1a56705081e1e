// Loaded into every process that a launcher starts (node --import). The launcher holds the other end of standard
// input: however it ends, even by SIGKILL, the pipe closes, and what it started takes its leave in the ordinary way.
process.stdin.on('end', () => process.kill(process.pid, 'SIGTERM'));
process.stdin.resume();
process.stdin.unref();
