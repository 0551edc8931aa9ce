// What a user gets: the packed tarball, installed in an empty folder, from JavaScript, TypeScript and a browser bundle.
import { execFile } from 'node:child_process';
import { mkdtemp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import test from 'ava';
import { build } from 'esbuild';

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

test('the tarball holds the built library and nothing else', (t) => {
  const paths = packed.files.map((file) => file.path);
  for (const path of ['package.json', 'LICENSE', 'dist/index.js', 'dist/index.d.ts', 'dist/index.js.map']) {
    t.true(paths.includes(path), path);
  }
  t.deepEqual(
    paths.filter((path) => !/^(package\.json|README\.md|LICENSE|dist\/.*\.(js|js\.map|d\.ts))$/.test(path)),
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

test('a TypeScript module is type-checked against it', async (t) => {
  t.timeout(60_000);
  const program = `
    import { version } from 'gradloom';
    export const text: string = version;
    // @ts-expect-error the declarations are really read
    export const wrong: boolean = version;
  `;
  await writeFile(join(app, 'main.ts'), program);
  const options = ['--noEmit', '--strict', '--target', 'es2022', '--lib', 'es2023'];
  for (const mode of ['nodenext', 'bundler']) {
    const module = mode === 'bundler' ? 'esnext' : mode;
    const args = [tsc, ...options, '--module', module, '--moduleResolution', mode, 'main.ts'];
    t.is(await run(process.execPath, args, app), '', mode);
  }
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
