import { defineConfig } from 'vite';

/** Tokens come from the backend of an app. Here it is the page of `npm start`, which signs for everybody on this machine. */
const BACKEND = process.env.ROLLCALL_PAGE ?? 'http://127.0.0.1:8000';

export default defineConfig({
  // Its own folder, wherever the command runs.
  root: import.meta.dirname,
  server: {
    host: '127.0.0.1',
    port: 5173,
    proxy: { '/token': { target: BACKEND, headers: { host: new URL(BACKEND).host, origin: BACKEND } } },
  },
});
