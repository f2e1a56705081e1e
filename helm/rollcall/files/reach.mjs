// What `helm test` runs in the cluster.
const { PUBLIC_URL, ADMIN_URL } = process.env;
const expected = [
  [`${ADMIN_URL}/readyz`, 200],
  [`${PUBLIC_URL}/v1/presence/count`, 401],
  [`${PUBLIC_URL}/docs/json`, 200],
  [`${PUBLIC_URL}/metrics`, 404],
];
let failed = 0;
for (const [url, wanted] of expected) {
  const got = await fetch(url, { signal: AbortSignal.timeout(5_000) }).then(
    ({ status }) => status,
    ({ cause, message }) => cause?.code ?? message,
  );
  if (got !== wanted) failed += 1;
  console.log(`${got === wanted ? 'ok  ' : 'FAIL'} ${url}: ${got}, wanted ${wanted}`);
}
process.exitCode = failed;
