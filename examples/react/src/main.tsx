import { createClient } from '@rollcall/client';
import { RollcallProvider } from '@rollcall/client/react';
import '@rollcall/client/react/styles.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.tsx';
import { signIn } from './sign-in.ts';
import './page.css';

const user = new URLSearchParams(location.search).get('user') ?? 'Ada Lovelace';
// Made once, outside of React: nothing happens before the provider is mounted.
const client = createClient({
  url: new URLSearchParams(location.search).get('service') ?? 'ws://127.0.0.1:8080',
  getToken: ({ signal }) => signIn(user, signal),
});

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <RollcallProvider client={client}>
      <App user={user} />
    </RollcallProvider>
  </StrictMode>,
);
