// npm run build: src/ → dist/. Installs what is missing, does nothing when nothing changed.
import { compile } from './lib/compile.mjs';
import { install } from './lib/install.mjs';

install();
compile();
