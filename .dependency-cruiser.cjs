// Import direction of STYLE: a folder imports only from folders above itself in this list.
const ranks = [
  'time',
  'domain',
  'config',
  'protocol',
  'auth',
  'redis',
  'store',
  'events',
  'streams',
  'node',
  'fanout',
  'session',
  'http',
  'lifecycle',
];
/**
 * observability sits beside the ranks: metrics and logger are defined once and may be used by any folder with I/O.
 * These have none, nor timers.
 */
const pure = ['domain', 'config', 'protocol'];
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    ...ranks.map((folder, rank) => ({
      name: `rank-${folder}`,
      severity: 'error',
      from: { path: `^src/${folder}/` },
      to: {
        path: `^src/(${[...ranks.slice(rank + 1), ...(pure.includes(folder) ? ['observability', 'time'] : [])].join('|') || 'none'})/`,
      },
    })),
    {
      name: 'not-from-the-top',
      severity: 'error',
      from: { path: '^src/[^/]+/' },
      to: { path: '^src/(app|main|cli)\\.ts$' },
    },
    {
      name: 'observability-is-a-leaf',
      severity: 'error',
      from: { path: '^src/observability/' },
      to: { path: '^src/(?!observability/|config/|domain/|protocol/)' },
    },
    {
      name: 'packages-know-no-service',
      severity: 'error',
      from: { path: '^packages/' },
      to: { path: '^(src|dist)/' },
    },
    {
      name: 'packages-have-no-dependencies',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/' },
      to: { dependencyTypes: ['core', 'npm', 'npm-dev'], pathNot: 'node_modules/(react|@types/react)/' },
    },
    {
      name: 'react-is-of-react',
      severity: 'error',
      from: { path: '^packages/client/src/', pathNot: '^packages/client/src/react/' },
      to: { path: ['node_modules/react', '^packages/client/src/react/'] },
    },
    {
      name: 'core-does-nothing',
      severity: 'error',
      from: { path: '^packages/client/src/core/' },
      to: { path: '^packages/client/src/(shell|testing|http|react)/' },
    },
    {
      name: 'domain-is-pure',
      severity: 'error',
      from: { path: '^src/domain/' },
      to: { dependencyTypes: ['core', 'npm'] },
    },
    {
      name: 'fastify-stays-in-http',
      severity: 'error',
      from: { pathNot: '^src/http/' },
      to: { path: 'node_modules/(fastify|@fastify)/' },
    },
    {
      name: 'ioredis-stays-in-redis',
      severity: 'error',
      from: { pathNot: '^src/redis/' },
      to: { path: 'node_modules/ioredis/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
