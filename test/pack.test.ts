// What a user gets: the packed tarball, installed in an empty folder, from JavaScript, TypeScript and a browser bundle.
import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { build, transform } from 'esbuild';

const exec = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const shell = process.platform === 'win32';

/** The environment of a user's shell: without what npm and ava set for this process. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^(npm_|NODE_OPTIONS$|NODE_ENV$|TSIMP_)/i.test(name)),
);

async function run(command: string, args: string[], cwd: string): Promise<string> {
  try {
    const { stdout } = await exec(command, args, { cwd, env, shell: shell && command === 'npm' });
    return stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string };
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout ?? ''}${stderr ?? ''}`, { cause: error });
  }
}

let temporary: string;
let app: string;
let packed: { version: string; files: { path: string }[] };

test.before('pack and install', async (t) => {
  t.timeout(100_000);
  temporary = await mkdtemp(join(tmpdir(), 'gradloom-pack-'));
  app = join(temporary, 'app');
  await mkdir(app);
  await writeFile(join(app, 'package.json'), '{ "name": "app", "private": true, "type": "module" }\n');

  await run('npm', ['run', '--silent', 'build'], root);
  const json = await run(
    'npm',
    ['pack', '--json', '--ignore-scripts', '--pack-destination', temporary],
    root,
  );
  const answer = JSON.parse(json) as unknown;
  packed = (Array.isArray(answer) ? answer : Object.values(answer as object))[0] as typeof packed;
  const tarball = join(temporary, `gradloom-${packed.version}.tgz`);
  await run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--prefer-offline', tarball], app);
});

test.after.always('remove the temporary folder', async () => {
  if (temporary) await rm(temporary, { recursive: true, force: true });
});

test('the tarball holds the built library, its pages and nothing else', (t) => {
  const paths = packed.files.map((file) => file.path);
  for (const path of [
    'package.json',
    'LICENSE',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/index.js.map',
    'docs/from-pytorch.md',
  ]) {
    t.true(paths.includes(path), path);
  }
  t.deepEqual(
    paths.filter(
      (path) =>
        !/^(package\.json|README\.md|LICENSE|docs\/[\w-]+\.md|dist\/.*\.(js|js\.map|d\.ts))$/.test(path),
    ),
    [],
  );
});

test('a JavaScript module imports it', async (t) => {
  const script = `
    import { version } from 'gradloom';
    console.log(version);
  `;
  await writeFile(join(app, 'main.js'), script);
  t.is(await run(process.execPath, ['main.js'], app), `${packed.version}\n`);
});

/** The scripts of the README: the first one, the training step, and how to read its kernels. */
async function readmeScripts(): Promise<string[]> {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const [first, step, reading] = [...readme.matchAll(/^```[jt]s\n([^]*?)^```/gm)].map((found) => found[1]);
  return [first, step + reading];
}

test('a TypeScript module is type-checked against it, and so is the training step of the README', async (t) => {
  t.timeout(120_000);
  const program = `
    import { version } from 'gradloom';
    export const text: string = version;
    // @ts-expect-error the declarations are really read
    export const wrong: boolean = version;
  `;
  await writeFile(join(app, 'main.ts'), program);
  await writeFile(join(app, 'readme.ts'), (await readmeScripts())[1]);
  const options = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2023,dom'];
  for (const mode of ['nodenext', 'bundler']) {
    const module = mode === 'bundler' ? 'esnext' : mode;
    const args = [tsc, ...options, '--module', module, '--moduleResolution', mode, 'main.ts', 'readme.ts'];
    t.is(await run(process.execPath, args, app), '', mode);
  }
});

test('the scripts of the README run', async (t) => {
  t.timeout(60_000);
  const [first, step] = await readmeScripts();
  await writeFile(join(app, 'first.js'), first);
  t.regex(await run(process.execPath, ['first.js'], app), /^tensor\(\[\[[^]*<SumBackward0 object at 0x/);
  const { code } = await transform(step, { loader: 'ts' });
  await writeFile(join(app, 'step.js'), code);
  t.regex(
    await run(process.execPath, ['step.js'], app),
    /^400 [\d.]+$[^]*^function run\(\) \{$[^]*^group 0: /m,
  );
});

test('where generated code is forbidden the same numbers come from the interpreter', async (t) => {
  const script = `
    import { compile, tensor } from 'gradloom';
    const x = tensor([1, 2, 3], { requiresGrad: true });
    const step = compile(() => { x.grad = null; const y = x.exp().sum(); y.backward(); return y; });
    console.log(step().item().toFixed(4), String(x.grad));
  `;
  await writeFile(join(app, 'forbidden.js'), script);
  const want = '30.1929 tensor([ 2.7183,  7.3891, 20.0855])\n';
  for (const flags of [[], ['--disallow-code-generation-from-strings']])
    t.is(await run(process.execPath, [...flags, 'forbidden.js'], app), want);
});

test('a browser bundle has no Node import', async (t) => {
  const result = await build({
    stdin: { contents: `export * from 'gradloom';`, resolveDir: app, loader: 'js' },
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    metafile: true,
    logLevel: 'silent',
  });
  t.deepEqual(result.warnings, []);
  const external = Object.values(result.metafile.outputs).flatMap((output) => output.imports);
  t.deepEqual(external, []);
  const text = result.outputFiles[0].text;
  t.false(/["'`]node:|\brequire\(/.test(text));

  const bundle = join(temporary, 'bundle.mjs');
  await writeFile(bundle, text);
  const module = (await import(String(new URL(`file://${bundle}`)))) as { version: string };
  t.is(module.version, packed.version);
});

test('index.ts and package.json agree on the version', async (t) => {
  const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
  const { version } = await import('gradloom');
  t.is(version, manifest.version);
});

test('package-lock.json names no place to download from', async (t) => {
  const lock = await readFile(join(root, 'package-lock.json'), 'utf8');
  t.false(/"resolved"|\.tgz"/.test(lock));
});
