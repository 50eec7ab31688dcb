# Completion of dun's command line for bash. For zsh:
#   autoload -U +X compinit bashcompinit && compinit && bashcompinit && source THIS
# Made by 'make completion' from the table of commands.

# _dun_row sets what may stand behind a command: subcommands, flags, those of
# them that take a value, and what its arguments are.
_dun_row() {
    subs= flags= valued= args=
    case $1 in
@ROWS@
    esac
}

_dun() {
    local cur=${COMP_WORDS[COMP_CWORD]} at=dun want= config= n=0 i word kind= subs flags valued args choices=
    [[ $cur == '=' ]] && cur=
    _dun_row "$at"
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if [[ $word == '=' ]]; then # --flag=value is three words
            want=${want:-other}
        elif [[ -n $want ]]; then
            [[ $want == --config ]] && config=$word
            want=
        elif [[ $word == -* ]]; then
            [[ " @VALUED@ $valued " == *" $word "* ]] && want=$word
        elif [[ -n $subs && $word != help ]]; then
            at+=" $word"
            _dun_row "$at"
            n=0
        elif [[ -z $subs ]]; then
            n=$((n + 1))
        fi
    done
    COMPREPLY=()
    if [[ $want == --config || $want == --runtime ]]; then
        COMPREPLY=($(compgen -d -- "$cur"))
        compopt -o filenames 2>/dev/null
        return
    elif [[ -n $want || ${COMP_WORDS[COMP_CWORD]} == '=' ]]; then
        return
    elif [[ $cur == -* ]]; then
        choices="$flags @FLAGS@"
    elif [[ -n $subs ]]; then
        choices="$subs help"
    else
        for kind in $args; do # the last may be given again and again
            [[ $n == 0 && $kind != *... ]] && break
            n=$((n - 1))
            [[ $kind == *... ]] && break
            kind=
        done
        case $kind in
        ENTRY) choices=$(_dun_entries) ;;
        TRACED) choices="$(_dun_entries) server" ;;
        PROTOCOL...) choices='@PROTOCOLS@' ;;
        MODEM) choices=$(sed -n 's/^\[modem\.\([^]]*\)\].*/\1/p' "${config:-${DUN_CONFIG:-/etc/dun}}/device.toml" 2>/dev/null) ;;
        KEY) choices='@KEYS@ password nt-hash' ;;
        KEY=VALUE...) choices='@SETTINGS@' ;;
        PLACE=VALUE...) choices='@PLACES@' ;;
        FILE | PORT | DIR)
            COMPREPLY=($(compgen -f -- "$cur"))
            compopt -o filenames 2>/dev/null
            return
            ;;
        esac
        [[ $kind == *=* ]] && compopt -o nospace 2>/dev/null
    fi
    COMPREPLY=($(compgen -W "$choices" -- "$cur"))
}

# _dun_entries asks dun, which says nothing where the phonebook has a mistake.
_dun_entries() {
    "${COMP_WORDS[0]}" ${config:+--config "$config"} --json phonebook list 2>/dev/null | sed -n '/^\[/s/[^A-Za-z0-9._-]/ /gp'
}

complete -F _dun dun
