//! Where the emitter stands in its output: column, indentation, and what was written last. Knows no value.

/// How much deeper each level is.
const INDENT: usize = 2;

/// Lines are folded at the first space behind this column.
pub(super) const WIDTH: usize = 80;

/// The output so far. The flags are libyaml's: whether a space is needed, or a line break, depends on them.
#[derive(Debug)]
pub(super) struct Writer {
    text: String,
    /// In characters.
    column: usize,
    /// `None` before the first level.
    indent: Option<usize>,
    /// The last thing written was white space.
    whitespace: bool,
    /// Nothing but indentation and indicators was written in this line.
    indention: bool,
}

impl Default for Writer {
    fn default() -> Writer {
        Writer { text: String::new(), column: 0, indent: None, whitespace: true, indention: true }
    }
}

impl Writer {
    pub(super) fn into_text(self) -> String {
        self.text
    }

    pub(super) fn column(&self) -> usize {
        self.column
    }

    pub(super) fn is_at_indention(&self) -> bool {
        self.indention
    }

    pub(super) fn is_after_whitespace(&self) -> bool {
        self.whitespace
    }

    /// Goes one level deeper (or stays, `indentless`); gives the level to return to.
    pub(super) fn increase_indent(&mut self, indentless: bool) -> Option<usize> {
        let outer = self.indent;
        self.indent = Some(outer.map_or(0, |i| if indentless { i } else { i + INDENT }));
        outer
    }

    /// As [`Writer::increase_indent`] for the lines of a scalar, which are indented at the first level too.
    pub(super) fn increase_scalar_indent(&mut self) -> Option<usize> {
        let outer = self.indent;
        self.indent = Some(outer.map_or(INDENT, |i| i + INDENT));
        outer
    }

    pub(super) fn set_indent(&mut self, indent: Option<usize>) {
        self.indent = indent;
    }

    pub(super) fn put(&mut self, c: char) {
        self.text.push(c);
        self.column += 1;
    }

    pub(super) fn put_break(&mut self) {
        self.text.push('\n');
        self.column = 0;
    }

    /// Writes a line break of a text, which need not be `\n`.
    pub(super) fn write_break(&mut self, c: char) {
        self.text.push(c);
        self.column = 0;
        self.indention = true;
    }

    /// Starts a new line unless this one holds nothing yet, and indents it.
    pub(super) fn indent_line(&mut self) {
        let indent = self.indent.unwrap_or(0);
        if !self.indention || self.column > indent || (self.column == indent && !self.whitespace) {
            self.put_break();
        }
        while self.column < indent {
            self.put(' ');
        }
        self.whitespace = true;
        self.indention = true;
    }

    /// Writes punctuation, after a space where one is needed.
    pub(super) fn indicator(&mut self, mark: &str, needs_space: bool, is_space: bool, is_indention: bool) {
        if needs_space && !self.whitespace {
            self.put(' ');
        }
        mark.chars().for_each(|c| self.put(c));
        self.whitespace = is_space;
        self.indention = self.indention && is_indention;
    }

    /// `[]` or `{}`.
    pub(super) fn empty(&mut self, open: &str, close: &str) {
        self.indicator(open, true, true, false);
        self.indicator(close, false, false, false);
    }

    /// A character that is neither a space nor a break was written.
    pub(super) fn leave_indention(&mut self) {
        self.indention = false;
    }

    /// A scalar in one of the flow styles was written.
    pub(super) fn end_flow_scalar(&mut self) {
        self.whitespace = false;
        self.indention = false;
    }

    /// The first line of a block scalar was ended.
    pub(super) fn start_block_scalar(&mut self) {
        self.put_break();
        self.indention = true;
        self.whitespace = true;
    }
}
