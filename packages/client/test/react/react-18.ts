// Runs the tests of a project on React 18: whatever asks for React by its name, the testing library as well, gets that.
import Module from 'node:module';

type Resolve = (request: string, ...more: unknown[]) => string;
const internals = Module as unknown as { _resolveFilename: Resolve };
const resolve = internals._resolveFilename;

internals._resolveFilename = (request, ...more) =>
  resolve(request.replace(/^(react|react-dom)(?=\/|$)/, '$1-18'), ...more);
