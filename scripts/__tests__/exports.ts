import { join } from 'node:path';
import ts from 'typescript';
import { entriesOf } from '../lib/outdated.mjs';
import { packages } from '../lib/workspace.mjs';
import { root } from './programs.js';

/** Something that a package exports, alone or in a namespace. */
export interface Export {
  /** What users import it from, e.g. `@mnist-kit/core/node`. */
  readonly module: string;
  /** `Generator`, or `math.exp` for what stands in a namespace. */
  readonly name: string;
  /** What its docstring says, without tags; empty where there is none. */
  readonly text: string;
  /** The code of its `@example`s. */
  readonly examples: readonly string[];
  /** Where its docstring belongs. */
  readonly node: ts.Node;
}

/** Every export of every package, in the order of their sources. */
export function allExports(): Export[] {
  const entries = packages.flatMap((name: string) =>
    entriesOf(name).map((entry) => ({
      module: `@mnist-kit/${name}${entry === 'index' ? '' : `/${entry}`}`,
      file: join(root, 'packages', name, 'src', `${entry}.ts`),
    })),
  );
  // Sources alone: what they mean to each other does not matter here, so nothing else need be read.
  const program = ts.createProgram(
    entries.map(({ file }) => file),
    {
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      noLib: true,
      types: [],
      paths: { '@tensorflow/*': [], '@mnist-kit/*': [] },
    },
  );
  const checker = program.getTypeChecker();

  const exportsOf = (module: string, symbol: ts.Symbol, prefix: string): Export[] =>
    checker.getExportsOfModule(symbol).flatMap((alias) => {
      const name = `${prefix}${alias.name}`;
      const target = alias.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(alias) : alias;
      const [declaration] = target.declarations ?? [];
      if (declaration === undefined) throw new Error(`${module} exports ${name}, which is nowhere`);
      if (!ts.isSourceFile(declaration))
        return [described(module, name, declaration, (declaration.parent?.parent ?? declaration) as ts.Node)];
      // A namespace is documented where it is exported: `export * as math from './math.js'`.
      const statement = alias.declarations![0].parent;
      return [described(module, name, statement, statement), ...exportsOf(module, target, `${name}.`)];
    });

  return entries.flatMap(({ module, file }) =>
    exportsOf(module, checker.getSymbolAtLocation(program.getSourceFile(file)!)!, ''),
  );
}

function described(module: string, name: string, declaration: ts.Node, statement: ts.Node): Export {
  const own = ts.getJSDocCommentsAndTags(declaration);
  // `export const a = 1`: the comment stands before the statement.
  const comments = (own.length > 0 ? own : ts.getJSDocCommentsAndTags(statement)).filter(ts.isJSDoc);
  const text = comments.map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '').join('\n');
  const examples = comments.flatMap(({ tags = [] }) =>
    [...tags]
      .filter(({ tagName }) => tagName.text === 'example')
      .flatMap((tag) => [...tag.getText().matchAll(/```ts\n([\s\S]*?)```/g)])
      .map(([, code]) => code.replaceAll(/^ *\* ?/gm, '')),
  );
  return { module, name, text: text.trim(), examples, node: own.length > 0 ? declaration : statement };
}
