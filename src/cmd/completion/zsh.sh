#compdef PROGRAM
# zsh completion for PROGRAM
_PROGRAM() {
    local line value rest
    local -a described
    while IFS= read -r line; do
        [[ $line == :* || -z $line ]] && continue
        value="${line%%$'\t'*}"
        rest=""
        [[ $line == *$'\t'* ]] && rest="${line#*$'\t'}"
        described+=("${value//:/\\:}${rest:+:$rest}")
    done < <("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)
    if (( ${#described} )); then
        _describe -V 'completions' described
    else
        _files
    fi
}
if [ "$funcstack[1]" = "_PROGRAM" ]; then
    _PROGRAM "$@"
else
    compdef _PROGRAM PROGRAM
fi
