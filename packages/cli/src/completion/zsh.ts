import { type CompletedCommand, type CompletedOption, checkPlain, type Value } from './tree.js';

/** A script for zsh, to be sourced or put as `_mnist-kit` into a folder of `fpath`. */
export function zshScript(name: string, commands: readonly CompletedCommand[]): string {
  const listed = commands.map(
    ({ name: command, description }) => `    ${quote(`${command}:${description.replaceAll(':', '\\:')}`)}`,
  );
  const cases = commands.map(({ name: command, options, argument }) => {
    const specs = options.map(optionSpec);
    if (argument !== undefined) specs.push(quote(`*:${valueSpec(argument)}`));
    return `    ${command}) _arguments -s ${specs.join(' ')} ;;`;
  });
  return `#compdef ${name}
# zsh completion of ${name}
_${name}() {
  local -a commands=(
${listed.join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  shift words
  ((CURRENT -= 1))
  case $words[1] in
${cases.join('\n')}
  esac
}
if [[ $funcstack[1] == _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`;
}

function optionSpec({ flags, description, value }: CompletedOption): string {
  const text = `[${description.replace(/[[\]\\:]/g, '\\$&')}]`;
  const takes = value === undefined ? '' : `:${valueSpec(value)}`;
  if (flags.length === 1) return quote(`${flags[0]}${text}${takes}`);
  return `${quote(`(${flags.join(' ')})`)}{${flags.join(',')}}${quote(`${text}${takes}`)}`;
}

function valueSpec(value: Value): string {
  if (Array.isArray(value)) return `value:(${checkPlain(value)})`;
  if (value === 'other') return 'value: ';
  return value === 'folder' ? 'folder:_files -/' : 'file:_files';
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
