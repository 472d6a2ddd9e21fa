import { PROGRAM } from './program-template.js';

/** Kinds of projects that `init` makes. */
export const TEMPLATES = ['program', 'config'] as const;
/** A kind of project. */
export type Template = (typeof TEMPLATES)[number];

/** What a template is filled in with. */
export interface Project {
  /** Name of the npm package. */
  readonly name: string;
  /** Version of the packages. */
  readonly version: string;
}

const TENSORFLOW = '^4.22.0';

/** The files of a project, by their path. */
export function filesOf(template: Template, project: Project): Readonly<Record<string, string>> {
  return template === 'program' ? programFiles(project) : configFiles(project);
}

const ignored = 'node_modules/\ndist/\nruns/\n';

function programFiles({ name, version }: Project): Record<string, string> {
  const packages = ['core', 'datasets', 'losses', 'models', 'optim', 'trainer'];
  return {
    'package.json': json({
      name,
      version: '0.0.0',
      private: true,
      type: 'module',
      scripts: { build: 'tsc', start: 'tsc && node dist/train.js' },
      engines: { node: '>=20.19' },
      dependencies: {
        ...Object.fromEntries(packages.map((one) => [`@mnist-kit/${one}`, `^${version}`])),
        '@tensorflow/tfjs-core': TENSORFLOW,
        '@tensorflow/tfjs-layers': TENSORFLOW,
      },
      devDependencies: { '@types/node': '^20.19.0', typescript: '>=5.4 <7' },
    }),
    'tsconfig.json': json({
      compilerOptions: {
        target: 'ES2022',
        module: 'NodeNext',
        rootDir: 'src',
        outDir: 'dist',
        strict: true,
        // TensorFlow.js's own declarations do not pass without.
        skipLibCheck: true,
        types: ['node'],
      },
      include: ['src'],
    }),
    'src/train.ts': PROGRAM,
    '.gitignore': ignored,
    'README.md': `# ${name}

\`npm install\`, then \`npm start\`: compiles [src/train.ts](src/train.ts) and trains. The best weights go to \`runs/first\`.
`,
  };
}

function configFiles({ name, version }: Project): Record<string, string> {
  return {
    'package.json': json({
      name,
      version: '0.0.0',
      private: true,
      type: 'module',
      scripts: {
        train: 'mnist-kit train --config mnist-kit.yaml',
        test: 'mnist-kit test --run runs/first',
        predict: 'mnist-kit predict --run runs/first',
      },
      engines: { node: '>=20.19' },
      dependencies: { '@mnist-kit/cli': `^${version}` },
    }),
    'mnist-kit.yaml': `# yaml-language-server: $schema=node_modules/@mnist-kit/cli/schema.json
# What is left out has its default: npx mnist-kit train --config mnist-kit.yaml --print-config
data:
  kind: mnist # or fashionMnist
model:
  kind: optimizedNet
optimizer:
  kind: AdamW
  lr: 0.002
scheduler:
  kind: OneCycleLR
augmentation:
  - kind: randomAffine
    degrees: 10
    translate: [0.1, 0.1]
epochs: 10
seed: 1
out: runs/first
`,
    '.gitignore': ignored,
    'README.md': `# ${name}

\`npm install\`, then \`npm run train\`: trains what [mnist-kit.yaml](mnist-kit.yaml) says.
\`npm run predict -- digit.png\` says what a picture shows.
`,
  };
}

function json(value: object): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
