// node --import=./test/tsimp/run.js script.ts: tsimp, once a dead daemon of it is out of the way.
import { forgetDeadDaemon } from './daemon.js';

await forgetDeadDaemon(process.cwd());
await import('tsimp');
