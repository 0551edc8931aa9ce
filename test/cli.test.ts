// The command line, as a user starts it. In: small scripts and arguments. Out: what is printed, which files there are, and exit codes.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import test from 'ava';
import { CommandError } from '../runtime/inspect/node/failure.ts';
import { typescriptFlags } from '../runtime/inspect/node/typescript.ts';
import type { Surroundings } from '../runtime/inspect/node/typescript.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const cli = fileURLToPath(new URL('../runtime/inspect/node/cli.ts', import.meta.url));
const index = pathToFileURL(fileURLToPath(new URL('../index.ts', import.meta.url))).href;
const register = new URL('./tsimp/register.js', import.meta.url).href;

interface Result {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let folder: string;

const run = (
  args: readonly string[],
  flags: readonly string[] = ['--conditions=gradloom-source', `--import=${register}`],
  env = process.env,
): Promise<Result> =>
  new Promise((resolve) => {
    execFile(process.execPath, [...flags, ...args], { cwd: root, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
    );
  });
/** Runs the command; in its arguments `@` stands for the folder of the scripts, and in what it prints. */
const gradloom = (...args: readonly string[]): Promise<Result> => gradloomWith(process.env, ...args);
async function gradloomWith(env: typeof process.env, ...args: readonly string[]): Promise<Result> {
  const { code, stdout, stderr } = await run(
    [cli, ...args.map((a) => a.replace('@', folder))],
    undefined,
    env,
  );
  const short = (text: string): string => text.replaceAll(folder, '@').replaceAll('\\', '/');
  return { code, stdout: short(stdout), stderr: short(stderr) };
}

const scripts: Readonly<Record<string, string>> = {
  'train.mjs': `
    const x = randn([16, 8]), w = randn([8, 4], { requiresGrad: true });
    const step = compile((x) => {
      const loss = x.matmul(w).erf().softmax(-1).square().sum();
      loss.backward();
      return loss;
    }, { name: 'step' });
    step(x);
    console.log('trained', process.argv.slice(2).join());`,
  'special.mjs': `
    const f = compile((x) => [x.lgamma().sum(1), x.t().matmul(x).to('float64').erf().add(2)], { name: 'special' });
    f(randn([16, 8]));
    compile((x) => x.softmax(-1).log(), { name: 'tables' })(randn([4, 8]));`,
  'eager.mjs': `randn([3]).exp().toArray();`,
  'throws.mjs': `tensor([1, 2]).item();`,
  'exits.mjs': `process.exit(3);`,
};

test.before('scripts', async () => {
  folder = await mkdtemp(join(tmpdir(), 'gradloom-cli-'));
  for (const [name, text] of Object.entries(scripts))
    await writeFile(join(folder, name), `import { compile, randn, tensor } from '${index}';\n${text}\n`);
});
test.after.always('removed', () => rm(folder, { recursive: true, force: true }));

test.serial('inspect writes one page about the programs of a script', async (t) => {
  const { code, stdout, stderr } = await gradloom(
    'inspect',
    '@/train.mjs',
    '--out',
    '@/pages',
    '--runs',
    '2',
    '--',
    'a',
    'b',
  );
  t.is(stderr, '');
  t.is(code, 0);
  t.regex(stdout, /^trained a,b\nstep: \d+ kernels?, [\d.]+ ms per run\nwrote @.pages.train\.html\n$/);
  t.regex(
    await readFile(join(folder, 'pages', 'train.html'), 'utf8'),
    /<title>\S*train\.mjs · gradloom<\/title>/,
  );
});

test.serial(
  '--open hands the page to what opens files here, or says in one line that there is none',
  async (t) => {
    const bin = join(folder, 'bin');
    const opened = join(folder, 'opened');
    await mkdir(bin);
    const opener = process.platform === 'darwin' ? 'open' : 'xdg-open';
    const inspect = ['inspect', '@/train.mjs', '--open', '--out', '@/pages', '--runs', '1'];
    const without = await gradloomWith({ ...process.env, PATH: bin }, ...inspect);
    t.is(without.code, 1);
    t.is(without.stderr, `gradloom: cannot open @/pages/train.html: the command ${opener} is not there\n`);

    const text = `#!${process.execPath}\nrequire('fs').writeFileSync(${JSON.stringify(opened)}, process.argv.slice(2).join());\n`;
    await writeFile(join(bin, opener), text, { mode: 0o755 });
    const { code, stderr } = await gradloomWith({ ...process.env, PATH: bin }, ...inspect);
    t.is(code, 0, stderr);
    let address = '';
    for (let i = 0; i < 400 && address === ''; i++) {
      await setTimeout(25); // it starts by itself, and outlives the command
      address = await readFile(opened, 'utf8').catch(() => '');
    }
    t.is(address, join(folder, 'pages', 'train.html'));
  },
);

test('TypeScript runs by what is there: a loader that is given or installed, else Node', (t) => {
  const bare: Surroundings = { given: '', installed: () => false, strips: false, version: '20.19.0' };
  const flags = (some: Partial<Surroundings>): string[] => typescriptFlags('a.ts', { ...bare, ...some });
  t.deepEqual(flags({ given: '--import=tsx' }), []);
  t.deepEqual(flags({ given: '--experimental-strip-types', installed: () => true }), []);
  t.deepEqual(flags({ installed: () => true }), ['--import=tsx']);
  t.deepEqual(flags({ installed: (loader) => loader === 'tsimp', strips: true }), ['--import=tsimp']);
  t.deepEqual(flags({ strips: true, version: '22.18.0' }), []);
  t.deepEqual(flags({ version: '22.6.0' }), ['--experimental-strip-types']);
  t.deepEqual(flags({ version: '23.0.0' }), ['--experimental-strip-types']);
  for (const version of ['20.19.0', '22.5.1'])
    t.is(
      t.throws(() => flags({ version }), { instanceOf: CommandError }).message,
      `a.ts: Node ${version} runs no TypeScript: npm install --save-dev tsx, or take Node 22.18 or later`,
    );
});

test.serial('kernels prints each kernel with what it does in one run', async (t) => {
  const { code, stdout } = await gradloom('kernels', '@/train.mjs');
  t.is(code, 0);
  t.regex(
    stdout,
    /^\/\/ step, in one run: [\d,]+ loads?, [\d,]+ stores?, [\d,]+ flops?,.* [\d,]+ loops?\n\/\/ for i<16/m,
  );
});

test.serial('kernels --out writes files that run anywhere, each time with the same checksum', async (t) => {
  const { code } = await gradloom('kernels', '@/special.mjs', '--out', '@/kernels');
  t.is(code, 0);
  const files = (await readdir(join(folder, 'kernels'))).sort();
  t.true(files.length > 1);
  let inlined = 0;
  for (const file of files) {
    const path = join(folder, 'kernels', file);
    const text = await readFile(path, 'utf8');
    t.regex(text, /^\/\/ In one run: [\d,]+ load/m);
    t.false(/\bimport\b/.test(text), text);
    if (/^const \w+Of = \(\(\) => \{$/m.test(text)) inlined++;
    const [one, two] = [await run([path, '1'], []), await run([path, '1'], [])];
    t.is(one.code, 0, one.stderr);
    const checksum = /^\w+: [\d.e-]+ ms, [\d.e-]+ Gflop\/s, checksum (-?[\d.e+]+)\n$/.exec(one.stdout);
    t.truthy(checksum, one.stdout);
    t.true(two.stdout.endsWith(`checksum ${checksum![1]}\n`));
  }
  t.is(inlined, 2);
});

test.serial('bench prints a row for each kernel of each program', async (t) => {
  const { code, stdout } = await gradloom('bench', '@/train.mjs', '--runs', '3');
  t.is(code, 0);
  t.regex(stdout, /^step: [\d.]+ ms per run/m);
  t.regex(stdout, /^\w+ +[\d.]+ ?%/m);
});

test.serial('programs of values that were read are only shown on request', async (t) => {
  const without = await gradloom('inspect', '@/eager.mjs');
  t.is(without.code, 1);
  t.regex(without.stderr, /^gradloom: @.eager\.mjs called no compiled function: .*--eager.*\n$/);
  const { code, stdout } = await gradloom('inspect', '@/eager.mjs', '--eager', '--out', '@/pages');
  t.is(code, 0);
  t.regex(stdout, /wrote @.pages.eager\.html\n$/);
});

test.serial('a script that fails is one line with its own line, and code 1', async (t) => {
  const { code, stderr } = await gradloom('inspect', '@/throws.mjs', '--out', '@/none');
  t.is(code, 1);
  t.regex(
    stderr,
    /^gradloom: @.throws\.mjs failed: ValueError: only one element.* at \S*throws\.mjs:2:\d+.*\n$/,
  );
  t.false((await readdir(folder)).includes('none'));
});

test.serial('a script that ends with another code than 0 is named, and code 1', async (t) => {
  const { code, stderr } = await gradloom('bench', '@/exits.mjs');
  t.is(code, 1);
  t.is(stderr, 'gradloom: @/exits.mjs ended with exit code 3\n');
});

test.serial('a page that cannot be written is one line, and code 1', async (t) => {
  const { code, stderr } = await gradloom('inspect', '@/train.mjs', '--out', '@/train.mjs');
  t.is(code, 1);
  t.regex(stderr, /^gradloom: cannot write @.train\.mjs.train\.html: .*\n$/);
});

test.serial('a wrong command line is one line that says what is wrong, and code 2', async (t) => {
  const wrong: readonly (readonly [args: readonly string[], message: RegExp])[] = [
    [[], /no command: choose inspect, kernels, bench/],
    [['look', '@/train.mjs'], /unknown command 'look'/],
    [['inspect'], /inspect: which script\?/],
    [['inspect', 'none.mjs'], /there is no file 'none\.mjs'/],
    [['inspect', '@/train.mjs', 'more'], /one script at a time/],
    [['inspect', '--wrong'], /Unknown option '--wrong'/],
    [['bench', '@/train.mjs', '--open'], /bench takes no --open/],
    [['bench', '@/train.mjs', '--runs', '0'], /--runs must be a whole number/],
  ];
  for (const [args, message] of wrong) {
    const { code, stdout, stderr } = await gradloom(...args);
    t.is(code, 2, args.join(' '));
    t.is(stdout, '');
    t.regex(stderr, message);
    t.is(stderr.trim().split('\n').length, 1);
  }
});

test.serial('--help names every command and option and the exit codes, --version the version', async (t) => {
  const { code, stdout } = await gradloom('--help');
  t.is(code, 0);
  for (const word of ['inspect', 'kernels', 'bench', '--out', '--open', '--runs', '--eager', 'Exit codes'])
    t.true(stdout.includes(word), word);
  const manifest = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  t.is((await gradloom('--version')).stdout, `${manifest.version}\n`);
});

test.serial('the scripts of docs/inspecting.md run, and the second is left with one kernel', async (t) => {
  const doc = await readFile(new URL('../docs/inspecting.md', import.meta.url), 'utf8');
  const shown = [...doc.matchAll(/```js\n(import [^]*?)```/g)].map((m) =>
    m[1].replace("'gradloom'", `'${index}'`),
  );
  t.is(shown.length, 2);
  const kernels: string[] = [];
  for (const [i, text] of shown.entries()) {
    await writeFile(join(folder, `rank${i}.mjs`), text);
    const { code, stdout, stderr } = await gradloom(
      'inspect',
      `@/rank${i}.mjs`,
      '--out',
      '@/pages',
      '--runs',
      '1',
    );
    t.is(code, 0, stderr);
    kernels.push(/^rank: (\d+) kernel/m.exec(stdout)![1]);
  }
  t.deepEqual(kernels, ['5', '1']);
});
