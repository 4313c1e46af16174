# powershell completion for PROGRAM
Register-ArgumentCompleter -Native -CommandName 'PROGRAM' -ScriptBlock {
    param($WordToComplete, $CommandAst, $CursorPosition)
    # The words before the cursor. The last is the begun one: empty after a space.
    $Words = @($CommandAst.CommandElements |
        Where-Object { $_.Extent.StartOffset -lt $CursorPosition } |
        ForEach-Object { $_.ToString() })
    $Program = $Words[0]
    $Words = @($Words | Select-Object -Skip 1)
    if ($WordToComplete -eq '') {
        # Before 7.3 an empty word has to be quoted to be passed on.
        $Words += $(if ($PSVersionTable.PSVersion -lt [version]'7.3') { '""' } else { '' })
    }
    & $Program __complete @Words 2>$null | Where-Object { $_ -notlike ':*' } | ForEach-Object {
        $Value, $Description = $_ -split "`t", 2
        if (-not $Description) { $Description = $Value }
        [System.Management.Automation.CompletionResult]::new($Value, $Value, 'ParameterValue', $Description)
    }
}
