# fish completion for kstate
function __kstate_complete
    set -l words (commandline -opc) (commandline -ct)
    $words[1] __complete $words[2..-1] 2>/dev/null | string match -v ':*'
end
complete -c kstate -e
complete -c kstate -f -a '(__kstate_complete)'
