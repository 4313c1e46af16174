//! Breaking lines between words, as kubectl's terminal writer does. Knows characters, nothing of what they say.

/// Breaks lines that are longer than so many characters; a word that is longer stays whole.
pub fn wrap(text: &str, limit: usize) -> String {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let mut out = String::new();
        let mut current = 0;
        for (space, word) in words(line) {
            let (gap, length) = (space.chars().count(), word.chars().count());
            if current > 0 && current + gap + length > limit && !word.is_empty() && length < limit {
                out.push('\n');
                out.push_str(word);
                current = length;
            } else {
                out.push_str(space);
                out.push_str(word);
                current += gap + length;
            }
        }
        lines.push(out);
    }
    lines.join("\n")
}

/// The words of a line, each with the space before it.
fn words(line: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = line;
    while !rest.is_empty() {
        let start = rest.find(|c: char| !c.is_whitespace()).unwrap_or(rest.len());
        let end = rest[start..].find(char::is_whitespace).map_or(rest.len(), |n| start + n);
        found.push((&rest[..start], &rest[start..end]));
        rest = &rest[end..];
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words() {
        assert_eq!(wrap("one two three", 7), "one two\nthree");
        assert_eq!(wrap("one two three\n", 9), "one two\nthree\n");
        assert_eq!(wrap("incomprehensibilities a", 5), "incomprehensibilities\na");
        assert_eq!(wrap("", 5), "");
    }
}
