import { type CompletedCommand, checkPlain, type Value } from './tree.js';

/** A script for bash, which needs nothing but bash 4. Where it offers no words bash completes files. */
export function bashScript(name: string, commands: readonly CompletedCommand[]): string {
  const fn = `_${name.replaceAll('-', '_')}`;
  const names = checkPlain(commands.map((command) => command.name));
  const values = commands.flatMap((command) =>
    command.options.flatMap(({ flags, value }) => {
      if (value === undefined) return [];
      const patterns = flags.map((flag) => `'${command.name} ${flag}'`).join('|');
      return [`    ${patterns}) ${offer(value)}; return ;;`];
    }),
  );
  const options = commands.map(
    (command) =>
      `      ${command.name}) ${words(checkPlain(command.options.flatMap(({ flags }) => flags)))} ;;`,
  );
  const positions = commands.flatMap(({ name: command, argument }) =>
    Array.isArray(argument) || argument === 'folder' ? [`    ${command}) ${offer(argument)} ;;`] : [],
  );
  return `# bash completion of ${name}
${fn}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command=\${COMP_WORDS[1]}
  COMPREPLY=()
  # --option=value comes as three words.
  if [[ $cur == '=' ]]; then cur=
  elif [[ $prev == '=' ]]; then prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  if ((COMP_CWORD == 1)); then
    ${words(names)}
    return
  fi
  case "$command $prev" in
${values.join('\n')}
  esac
  if [[ $cur == -* ]]; then
    case $command in
${options.join('\n')}
    esac
    return
  fi
  case $command in
${positions.join('\n')}
  esac
}
complete -o bashdefault -o default -F ${fn} ${name}
`;
}

const words = (list: string) => `COMPREPLY=($(compgen -W '${list}' -- "$cur"))`;

function offer(value: Value): string {
  if (Array.isArray(value)) return words(checkPlain(value));
  // A name with a space is one name.
  return value === 'folder' ? `compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur")` : ':';
}
