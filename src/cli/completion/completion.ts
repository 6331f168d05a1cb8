/** `completion`: scripts that teach a shell to complete command lines; and the command that these scripts ask. */
import type { Command, CommandGroup } from "../command.ts";
import { usageError } from "../errors.ts";
import { complete } from "./complete.ts";

/** What the scripts understand of an answer's last line, as cobra has it: so kubectl can ask as well. */
const directives = { noSpace: 2, noFiles: 4 } as const;

const bash = `# bash completion for windlass
_windlass() {
  local line directive
  local -a words
  words=("\${COMP_WORDS[@]:1:COMP_CWORD}")
  COMPREPLY=()
  while IFS= read -r line; do
    case "$line" in
      :*) directive=\${line#:} ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("\${COMP_WORDS[0]}" __complete "\${words[@]}" 2>/dev/null)
  if (( (directive & 2) != 0 )); then compopt -o nospace; fi
  if (( (directive & 4) == 0 )); then compopt -o default; fi
}
# Neither a slash nor an equals sign nor a colon ends a word of ours.
COMP_WORDBREAKS=\${COMP_WORDBREAKS//[:=]/}
complete -F _windlass windlass
`;

const zsh = `#compdef windlass
# zsh completion for windlass
_windlass() {
  local line directive=0
  local -a candidates
  while IFS= read -r line; do
    case "$line" in
      :*) directive=\${line#:} ;;
      *)
        if [[ "$line" == *$'\\t'* ]]; then
          candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
        else
          candidates+=("\${line//:/\\\\:}")
        fi ;;
    esac
  done < <(\${words[1]} __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)
  if (( (directive & 2) != 0 )); then
    _describe -V windlass candidates -S ''
  else
    _describe -V windlass candidates
  fi
  if (( (directive & 4) == 0 )); then _files; fi
}
if [ "$funcstack[1]" = "_windlass" ]; then _windlass "$@"; else compdef _windlass windlass; fi
`;

const fish = `# fish completion for windlass
function __windlass_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l answer ($words[1] __complete $words[2..-1] 2>/dev/null)
  set -l directive (string replace ':' '' -- $answer[-1])
  for line in $answer[1..-2]
    echo $line
  end
  if test (math "bitand($directive, 4)") -eq 0
    __fish_complete_path (commandline -ct)
  end
end
complete -c windlass -e
complete -c windlass -f -a '(__windlass_complete)'
`;

const scripts: Readonly<Record<string, string>> = { bash, zsh, fish };

export const completion: Command = {
  usage: "(bash | zsh | fish)",
  about:
    "Prints a script that teaches a shell to complete command lines: commands, flags, types, and names as the cluster has them.\n\nbash: add to ~/.bashrc\n  source <(windlass completion bash)\nzsh: add to ~/.zshrc, below compinit\n  source <(windlass completion zsh)\nfish:\n  windlass completion fish > ~/.config/fish/completions/windlass.fish",
  flags: [],
  withoutGlobalFlags: true,
  completes: Object.keys(scripts),
  async run({ args, name }, { stdout }) {
    const [shell = "", more] = args;
    const script = scripts[shell];
    if (more !== undefined) throw usageError(name, "too many arguments: expected one shell");
    if (!script)
      throw usageError(name, shell === "" ? "a shell must be named: bash, zsh or fish" : `unsupported shell type ${JSON.stringify(shell)}`);
    stdout.write(script);
    return 0;
  },
};

/** Answers the scripts: a word on each line, with a few words about it behind a tab, and a directive at the end. */
export const answerCompletion = (root: CommandGroup): Command => ({
  usage: "WORD...",
  about: "Answers a shell that completes a command line.",
  flags: [],
  withoutGlobalFlags: true,
  interspersed: false,
  async run({ args }, environment) {
    const { words, files, open } = await complete(root, args, environment);
    for (const { word, about } of words) environment.stdout.write(about ? `${word}\t${about}\n` : `${word}\n`);
    environment.stdout.write(`:${(files ? 0 : directives.noFiles) | (open ? directives.noSpace : 0)}\n`);
    return 0;
  },
});
