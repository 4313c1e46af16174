//! Text in aligned columns, as Go's text/tabwriter makes them. Knows nothing but cells: what stands before a tab.
//!
//! A column is a run of lines that have a cell there; the last cell of a line belongs to none and is not padded.

/// Collects lines and aligns them when asked to.
#[derive(Clone, Debug)]
pub struct TabWriter {
    min_width: usize,
    padding: usize,
    lines: Vec<Vec<String>>,
    /// The widest each column has been; columns never shrink then. `None` where they may.
    remembered: Option<Vec<usize>>,
}

impl TabWriter {
    /// A column is as wide as its widest cell (in characters) and `padding`, and at least `min_width`.
    pub fn new(min_width: usize, padding: usize) -> TabWriter {
        TabWriter { min_width, padding, lines: Vec::new(), remembered: None }
    }

    /// Keeps columns as wide as they have been before, for output that comes in parts: liggitt/tabwriter's
    /// RememberWidths, which kubectl sets.
    pub fn remember_widths(mut self) -> TabWriter {
        self.remembered = Some(Vec::new());
        self
    }

    /// Adds lines of text with tabs between cells. A line break at the end is optional.
    pub fn write(&mut self, text: &str) {
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            self.lines.push(line.split('\t').map(str::to_owned).collect());
        }
    }

    /// The lines so far, aligned; then starts anew.
    pub fn flush(&mut self) -> String {
        let lines = std::mem::take(&mut self.lines);
        let mut out = String::new();
        self.format(&lines, &mut Vec::new(), &mut out);
        out
    }

    /// Writes lines whose columns up to `widths` are known, one block of the next column after the other.
    fn format(&mut self, lines: &[Vec<String>], widths: &mut Vec<usize>, out: &mut String) {
        let column = widths.len();
        let has_cell = |line: &Vec<String>| column + 1 < line.len();
        let mut rest = lines;
        while let Some(start) = rest.iter().position(has_cell) {
            push_lines(&rest[..start], widths, out);
            rest = &rest[start..];
            let end = rest.iter().position(|line| !has_cell(line)).unwrap_or(rest.len());
            widths.push(self.width(column, &rest[..end]));
            self.format(&rest[..end], widths, out);
            widths.pop();
            rest = &rest[end..];
        }
        push_lines(rest, widths, out);
    }

    fn width(&mut self, column: usize, block: &[Vec<String>]) -> usize {
        let widest = block.iter().map(|line| line[column].chars().count() + self.padding).max();
        let mut width = widest.unwrap_or(0).max(self.min_width);
        if let Some(remembered) = &mut self.remembered {
            match remembered.get_mut(column) {
                Some(before) => {
                    *before = width.max(*before);
                    width = *before;
                }
                None => remembered.push(width),
            }
        }
        width
    }
}

fn push_lines(lines: &[Vec<String>], widths: &[usize], out: &mut String) {
    for line in lines {
        for (i, cell) in line.iter().enumerate() {
            out.push_str(cell);
            let width = if i + 1 < line.len() { widths.get(i) } else { None };
            let missing = width.map_or(0, |w| w.saturating_sub(cell.chars().count()));
            out.extend(std::iter::repeat_n(' ', missing));
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_runs_of_lines() {
        let mut w = TabWriter::new(0, 2);
        w.write("Name:\tweb\nLabels:\ta=b\n\tcd=e\nEvents:\n\tType\tReason\n\tNormal\tX\n\t\n");
        assert_eq!(
            w.flush(),
            "Name:    web\nLabels:  a=b\n         cd=e\nEvents:\n  Type    Reason\n  Normal  X\n  \n"
        );
        w.write("a\tb");
        assert_eq!(w.flush(), "a  b\n");
    }

    #[test]
    fn widths_are_remembered_where_asked() {
        let mut w = TabWriter::new(6, 3).remember_widths();
        w.write("NAME\tÄGE\tX");
        w.write("webserver-0\té\t");
        assert_eq!(w.flush(), "NAME          ÄGE   X\nwebserver-0   é     \n");
        w.write("x\ty\tz");
        assert_eq!(w.flush(), "x             y     z\n");
    }
}
