export default {
  files: ['test/**/*.test.ts'],
  extensions: { ts: 'module' },
  nodeArguments: ['--conditions=gradloom-source', '--import=tsimp'],
  // transpile only: many test processes share one tsimp daemon, and a type check would keep it from answering
  environmentVariables: { TSIMP_DIAG: 'ignore' },
  workerThreads: false,
  timeout: '2m',
};
