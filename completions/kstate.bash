# bash completion for kstate
__kstate_complete() {
    local current="${COMP_WORDS[COMP_CWORD]}" line value
    local -a words=("${COMP_WORDS[@]:1:COMP_CWORD-1}")
    COMPREPLY=()
    # bash splits words at '=' and ':'; kstate wants the line as it was typed.
    if [[ $COMP_WORDBREAKS == *=* ]]; then
        read -r -a words <<<"${COMP_LINE:0:COMP_POINT}"
        [[ ${COMP_LINE:0:COMP_POINT} == *[[:space:]] ]] && words+=("")
        current="${words[-1]}"
        words=("${words[@]:1:${#words[@]}-2}")
    fi
    while IFS=$'\t' read -r line _; do
        [[ $line == :* ]] && continue
        value="$line"
        [[ $current == *=* && $value == *=* ]] && value="${value#*=}"
        COMPREPLY+=("$value")
    done < <("${COMP_WORDS[0]}" __complete "${words[@]}" "$current" 2>/dev/null)
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]] && compopt -o nospace
}
complete -o default -F __kstate_complete kstate
