import { defineConfig, globalIgnores } from 'eslint/config';
import tseslint from 'typescript-eslint';

const library = ['index.ts', '{compiler,runtime,ops,nn}/**/*.ts'];

export default defineConfig(
  globalIgnores(['dist/', '.tsimp/', 'test/fixtures/']),
  tseslint.configs.recommended,
  {
    rules: {
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      'no-var': 'error',
      'prefer-const': ['error', { destructuring: 'all' }],
      'no-constant-binary-expression': 'error',
      'no-dupe-else-if': 'error',
      'no-duplicate-case': 'error',
      'no-fallthrough': 'error',
      'no-self-compare': 'error',
      'no-self-assign': 'error',
      'no-unreachable-loop': 'error',
      'no-unsafe-finally': 'error',
      'no-useless-rename': 'error',
      'object-shorthand': ['error', 'properties'],
      'use-isnan': 'error',
      'valid-typeof': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrors: 'none', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/no-useless-constructor': 'error',
      // a class and an interface of one name: how methods are added to Tensor
      '@typescript-eslint/no-unsafe-declaration-merging': 'off',
    },
  },
  {
    files: library,
    ignores: ['runtime/inspect/node/**'], // the command line
    rules: {
      'no-console': 'error',
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['node:*'], message: 'The library runs in browsers too: no Node modules.' }] },
      ],
    },
  },
);
