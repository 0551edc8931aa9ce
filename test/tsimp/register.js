// node --import=./test/tsimp/register.js: tsimp, and before it what precompile.js has compiled.
import 'tsimp';
import { register } from 'node:module';

register('./hooks.js', import.meta.url);
