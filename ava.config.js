import { fileURLToPath } from 'node:url';
import { precompile } from './test/tsimp/precompile.js';

export default async () => ({
  files: ['test/**/*.test.ts'],
  extensions: { ts: 'module' },
  nodeArguments: ['--conditions=gradloom-source', '--import=./test/tsimp/register.js'],
  environmentVariables: {
    GRADLOOM_PRECOMPILED: await precompile(fileURLToPath(new URL('.', import.meta.url))),
    TSIMP_DIAG: 'ignore',
    GRADLOOM_DEBUG: 'verify',
  },
  workerThreads: false,
  timeout: '2m',
});
