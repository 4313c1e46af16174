//! What became of the edited objects, and the head of the file that tells of it. Knows no file and no editor.

use crate::apimachinery::status::{Reason, Status};
use crate::cmd::infos::Info;

/// What went wrong since the file was last opened.
#[derive(Default)]
pub struct Results {
    /// Objects that the server refused for a reason that may pass.
    retryable: usize,
    /// Objects that are gone.
    not_found: usize,
    reasons: Vec<(String, Vec<String>)>,
}

const HEAD: &str = "# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
";

const HEAD_LAST_APPLIED: &str = "# Please edit the 'last-applied-configuration' annotations below.
# Lines beginning with a '#' will be ignored, and an empty file will abort the edit.
#
";

impl Results {
    /// Whether everything was taken.
    pub fn is_done(&self) -> bool {
        self.reasons.is_empty() && self.retryable == 0 && self.not_found == 0
    }

    /// What is said of a file that opening again would not help.
    pub fn last_words(&self, program: &str, file: &str) -> Option<String> {
        if self.retryable > 0 {
            return Some(format!("You can run `{program} replace -f {file}` to try this update again.\n"));
        }
        (self.not_found > 0).then(|| format!("The edits you made on deleted resources have been saved to {file:?}\n"))
    }

    /// The head of the file; that of annotations is another.
    pub fn header(&self, is_last_applied: bool) -> String {
        let mut text = if is_last_applied { HEAD_LAST_APPLIED } else { HEAD }.to_owned();
        for (head, others) in &self.reasons {
            let colon = if others.is_empty() { "" } else { ":" };
            text += &format!("# {}{colon}\n", commented(head));
            others.iter().for_each(|other| text += &format!("# * {}\n", commented(other)));
            text += "#\n";
        }
        text
    }

    /// Takes the server's refusal in; returns what is said of it.
    pub fn add(&mut self, error: &anyhow::Error, info: &Info) -> String {
        let what = format!("{} {:?}", info.kind.names().resource, info.name);
        let status = error.downcast_ref::<Status>();
        match status.map(|s| s.reason) {
            Some(Reason::Invalid) => {
                let causes = status.map(|s| s.causes.as_slice()).unwrap_or_default();
                let causes = causes.iter().map(|c| format!("{}: {}", c.field, c.message)).collect();
                self.reasons.push((format!("{what} was not valid"), causes));
                format!("error: {what} is invalid\n")
            }
            Some(Reason::NotFound) => {
                self.not_found += 1;
                format!("error: {what} could not be found on the server\n")
            }
            _ => {
                self.retryable += 1;
                format!("error: {what} could not be patched: {error:#}\n")
            }
        }
    }

    /// Takes in that the file cannot be read; returns what is said of it.
    pub fn add_unreadable(&mut self, info: &Info, why: &str) -> String {
        let what = format!("{} {:?}", info.kind.names().resource, info.name);
        let cause = format!("<nil>: Invalid value: \"The edited file failed validation\": {why}");
        self.reasons.push((format!("{what} was not valid"), vec![cause]));
        format!("error: {what} is invalid\n")
    }

    /// Takes in that the file holds no objects.
    pub fn add_syntax_error(&mut self, why: &str) {
        self.reasons.push((format!("The edited file had a syntax error: {why}"), Vec::new()));
    }
}

/// A text whose further lines are comments too.
fn commented(text: &str) -> String {
    let mut lines = text.trim_end_matches('\n').split('\n');
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(
        first,
        |all, line| if line.starts_with('#') { format!("{all}\n{line}") } else { format!("{all}\n# {line}") },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_stand_in_the_head() {
        let mut results = Results::default();
        results.add_syntax_error("a\nb");
        assert!(!results.is_done());
        assert!(results.header(false).ends_with("#\n# The edited file had a syntax error: a\n# b\n#\n"));
    }
}
