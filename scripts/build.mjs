// npm run build: src/ → dist/, and the same in each of packages/. Installs what is missing, does nothing when nothing changed.
import { compile } from './lib/compile.mjs';
import { compilePackages } from './lib/compile-packages.mjs';
import { install } from './lib/install.mjs';

install();
compile();
await compilePackages();
