/** Asks the backend of the app for a token of the person who is signed in. */
export const signIn = async (user: string, signal: AbortSignal): Promise<string> => {
  const response = await fetch('/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user }),
    signal,
  });
  if (!response.ok) throw new Error(`no token: ${response.status}`);
  const { token } = (await response.json()) as { token: string };
  return token;
};
