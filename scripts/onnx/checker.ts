import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const CHECK = `
import sys, onnx
for path in sys.argv[1:]:
    try:
        onnx.checker.check_model(onnx.load(path), full_check=True)
        print('content')
    except Exception as error:
        print(repr(str(error)))
`;

/** Finds a Python that has onnx; undefined where there is none. */
export async function findChecker(): Promise<string | undefined> {
  const named = process.env.MNIST_KIT_PYTHON;
  for (const file of named ? [named] : ['python3', '/usr/bin/python3', 'python'])
    try {
      await promisify(execFile)(file, ['-c', 'import onnx']);
      return file;
    } catch {}
  return undefined;
}

/** What the checker of onnx, with its inference of shapes, says of each file: `content` or what is wrong. */
export async function checkFiles(python: string, paths: readonly string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)(python, ['-c', CHECK, ...paths]);
  return stdout.trim().split('\n');
}
