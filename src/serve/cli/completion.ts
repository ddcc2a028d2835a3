/** A command as far as completion knows it. */
export interface CompletedCommand {
  /** Words from the program on: '' for the program itself, 'hook install' … */
  readonly path: string
  readonly summary: string
  readonly subcommands: readonly { readonly name: string; readonly summary: string }[]
  /** Long flags, with whether a value follows and which values there are. */
  readonly flags: readonly {
    readonly name: string
    readonly takesValue: boolean
    readonly choices: readonly string[]
  }[]
}

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** The script that completes `tacit` in a shell. Where nothing of ours fits, names of files are offered. */
export function completionScript(shell: Shell, commands: readonly CompletedCommand[]): string {
  return { bash, zsh, fish }[shell](commands)
}

const known = (commands: readonly CompletedCommand[]) => commands.map(({ path }) => path).filter(path => path !== '')

function bash(commands: readonly CompletedCommand[]): string {
  return `# Completion of tacit for bash. Use it with: source <(tacit completion bash)
_tacit() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path="" word words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${path:+$path }\${COMP_WORDS[i]}"
    case "$word" in
      ${known(commands).map(quoted).join('|')}) path="$word" ;;
    esac
  done
${values(commands, '    ')}
  case "$path" in
${cases(commands, '    ')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ \${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -F _tacit tacit
`
}

function zsh(commands: readonly CompletedCommand[]): string {
  return `#compdef tacit
# Completion of tacit for zsh. Use it with: source <(tacit completion zsh)
_tacit() {
  local current="\${words[CURRENT]}" previous="\${words[CURRENT-1]}" path_="" word offered="" i
  for ((i = 2; i < CURRENT; i++)); do
    word="\${path_:+$path_ }\${words[i]}"
    case "$word" in
      ${known(commands).map(quoted).join('|')}) path_="$word" ;;
    esac
  done
  case "$path_" in
${cases(commands, '    ').replaceAll('words=', 'offered=')}
  esac
  compadd -- \${=offered} || true
  _files
}
compdef _tacit tacit
`
}

function fish(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ path, subcommands, flags }) => {
    const words = path === '' ? [] : path.split(' ')
    const seen = words.map(word => `__fish_seen_subcommand_from ${word}`)
    const none =
      subcommands.length > 0 ? [`not __fish_seen_subcommand_from ${subcommands.map(({ name }) => name).join(' ')}`] : []
    const when = (conditions: readonly string[]) =>
      conditions.length === 0 ? '' : ` -n '${conditions.join('; and ')}'`
    return [
      ...subcommands.map(
        ({ name, summary }) => `complete -c tacit -f${when([...seen, ...none])} -a ${name} -d ${quoted(summary)}`,
      ),
      ...flags.map(({ name, takesValue, choices }) => {
        const offered = choices.length > 0 ? ` -xa ${quoted(choices.join(' '))}` : takesValue ? ' -r' : ''
        return `complete -c tacit${when(seen)} -l ${name.slice(2)}${offered}`
      }),
    ]
  })
  return `# Completion of tacit for fish. Use it with: tacit completion fish | source\n${lines.join('\n')}\n`
}

/** What can come after each path: subcommands and flags. */
function cases(commands: readonly CompletedCommand[], indent: string): string {
  const globals = commands.find(({ path }) => path === '')?.flags ?? []
  return commands
    .map(({ path, subcommands, flags }) => {
      const own = [...subcommands, ...flags, ...(path === '' ? [] : globals)].map(({ name }) => name)
      return `${indent}${quoted(path)}) words=${quoted([...new Set(own)].join(' '))} ;;`
    })
    .join('\n')
}

/** Flags with a few values, or with a file. */
function values(commands: readonly CompletedCommand[], indent: string): string {
  const withChoices = commands.flatMap(({ path, flags }) =>
    flags.filter(({ choices }) => choices.length > 0).map(({ name, choices }) => ({ key: `${path} ${name}`, choices })),
  )
  const lines = withChoices.map(
    ({ key, choices }) =>
      `${indent}${quoted(key)}) COMPREPLY=($(compgen -W ${quoted(choices.join(' '))} -- "$current")); return ;;`,
  )
  const takers = [
    ...new Set(commands.flatMap(({ flags }) => flags.filter(({ takesValue }) => takesValue).map(({ name }) => name))),
  ]
  return `  case "$path $previous" in
${lines.join('\n')}
  esac
  case "$previous" in
    ${takers.join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac`
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
